// SPDX-License-Identifier: Apache-2.0
import type { Socket } from '../signaling/connection';

interface Sent {
  readonly op: string;
  readonly id: number;
  readonly d: Readonly<Record<string, unknown>>;
}

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  readonly sent: Sent[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Sent);
  }

  close(): void {
    this.isClosed = true;
  }

  /** As what the connection takes it for. */
  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  get last(): Sent {
    const last = this.sent.at(-1);
    if (!last) throw new Error('nothing was sent');
    return last;
  }

  receive(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** The server's end goes away. */
  drop(code = 1006, reason = ''): void {
    this.onclose?.({ code, reason });
  }
}

/** Lets promises that are ready go on, without the clock. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 12; i += 1) await Promise.resolve();
}
