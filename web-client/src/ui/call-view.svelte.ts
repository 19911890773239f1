// SPDX-License-Identifier: Apache-2.0
// The call as views see it: Svelte's state on one side, the call's events on the other.
import { askingOf, EMPTY_CALL, onStageOf, type CallState } from '../call/call-state';
import type { Call } from '../call/call';
import type { LocalMediaState } from '../media/local-media';
import type { MediaStatus } from '../media/media-session';
import type { RemoteStreams } from '../media/peer-link';
import type { Member } from '../protocol/messages.gen';
import type { ConnectionStatus } from '../signaling/connection';

export interface Notice {
  readonly id: number;
  readonly code: string;
}

const NOTICE_MS = 10_000;

export class CallView {
  readonly call: Call;
  state = $state.raw<CallState>(EMPTY_CALL);
  status = $state.raw<ConnectionStatus>({ kind: 'connecting' });
  media = $state.raw<MediaStatus>('waiting');
  remote = $state.raw<RemoteStreams | null>(null);
  local = $state.raw<LocalMediaState | null>(null);
  trouble = $state.raw<string | null>(null);
  notices = $state.raw<readonly Notice[]>([]);
  /** The server's clock, moving once a second. */
  now = $state.raw(0);

  readonly asking = $derived(askingOf(this.state));
  readonly onStage = $derived(onStageOf(this.state));

  #lastNotice = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(call: Call) {
    this.call = call;
    this.now = call.serverNow();
    this.#timer = setInterval(() => {
      this.now = call.serverNow();
    }, 1_000);
    call.on('state', (state) => {
      this.state = state;
    });
    call.on('status', (status) => {
      this.status = status;
    });
    call.on('media', (media) => {
      this.media = media;
    });
    call.on('remote', (remote) => {
      this.remote = remote;
    });
    call.on('local', (local) => {
      this.local = local;
    });
    call.on('trouble', (trouble) => {
      this.trouble = trouble;
    });
    call.on('refused', (code) => {
      this.notify(code);
    });
  }

  member(id: string): Member | undefined {
    return this.state.members.get(id);
  }

  nameOf(id: string): string {
    return this.member(id)?.name ?? id;
  }

  /** How long ago, on the server's clock. */
  since(at: string): number {
    const began = Date.parse(at);
    return Number.isNaN(began) ? 0 : this.now - began;
  }

  /** Says once what went wrong; the same again only refreshes it. */
  notify(code: string): void {
    this.#lastNotice += 1;
    const notice = { id: this.#lastNotice, code };
    this.notices = [...this.notices.filter((other) => other.code !== code), notice];
    setTimeout(() => {
      this.dismiss(notice.id);
    }, NOTICE_MS);
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }

  close(): void {
    clearInterval(this.#timer);
    this.call.close();
  }
}
