// SPDX-License-Identifier: Apache-2.0
import { RongError } from '../base/errors';

interface Waiting {
  readonly resolve: (d: unknown) => void;
  readonly reject: (cause: RongError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Requests on their way: id ↔ promise. Every promise ends: with the reply, the error, or in time. */
export class Requests {
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  get pending(): number {
    return this.#waiting.size;
  }

  /** Gives `send` a new id and waits for its reply; rejects with RongError. */
  start(send: (id: number) => void, timeoutMs: number): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new RongError('net.timeout'));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      send(id);
    });
  }

  reply(id: number, d: unknown): void {
    this.#take(id)?.resolve(d);
  }

  fail(id: number, cause: RongError): void {
    this.#take(id)?.reject(cause);
  }

  /** The connection is gone: nobody will answer. */
  failAll(code: string): void {
    for (const id of [...this.#waiting.keys()]) this.fail(id, new RongError(code));
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting) clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    return waiting;
  }
}
