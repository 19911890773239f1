// SPDX-License-Identifier: Apache-2.0
import { Backoff } from '../base/backoff';
import { Emitter } from '../base/emitter';
import { codeOf, RongError } from '../base/errors';
import type { MediaOfferReply, MemberDesired } from '../protocol/messages.gen';
import type { LocalTracks, PeerLink, RemoteStreams } from './peer-link';

/** `waiting`: there is no meeting, or no centre carries it yet. */
export type MediaStatus = 'waiting' | 'connecting' | 'connected' | 'failed';

export interface MediaSessionOptions {
  readonly createLink: (tracks: LocalTracks) => PeerLink;
  /** Relays an offer to the MCU; rejects with RongError. */
  readonly sendOffer: (meeting: string, sdp: string) => Promise<MediaOfferReply>;
  readonly random?: () => number;
}

interface MediaSessionEvents {
  status: MediaStatus;
  /** To be shown; null: nothing is received. */
  remote: RemoteStreams | null;
  /** The last offer failed with this code and is tried again; null: it did not. */
  trouble: string | null;
}

/** One connection that was answered, and under which epochs the answer is good. */
interface Answered {
  readonly link: PeerLink;
  readonly epochs: ReadonlySet<string>;
}

type Timer = ReturnType<typeof setTimeout>;

const RETRY = { firstMs: 300, maxMs: 4_000 };
const CONNECT_MS = 8_000;

/** Keeps one peer connection to the MCU that carries the meeting, for as long as the centre wants one. */
export class MediaSession extends Emitter<MediaSessionEvents> {
  readonly #options: MediaSessionOptions;
  readonly #backoff: Backoff;
  #tracks: LocalTracks = { audio: null, video: null };
  #content: MediaStreamTrack | null = null;
  #desired: MemberDesired | null = null;
  #isOnline = false;
  #current: Answered | null = null;
  /** Replaced, but its last picture stays until the new connection carries one. */
  #retired: PeerLink | null = null;
  #negotiating: PeerLink | null = null;
  #retryTimer: Timer | null = null;
  #connectTimer: Timer | null = null;
  #status: MediaStatus = 'waiting';
  #isClosed = false;

  constructor(options: MediaSessionOptions) {
    super();
    this.#options = options;
    this.#backoff = new Backoff(options.random ? { ...RETRY, random: options.random } : RETRY);
  }

  get status(): MediaStatus {
    return this.#status;
  }

  /** The one message an endpoint obeys. */
  setDesired(desired: MemberDesired | null): void {
    const before = this.#desired;
    this.#desired = desired;
    if (!desired?.meeting || desired.meeting !== before?.meeting) this.#end();
    if (desired?.media_epoch !== before?.media_epoch) this.#retrySoon();
    this.#limit(this.#current?.link);
    this.#reconcile();
  }

  /** Offers travel over the signalling connection; media itself does not need it. */
  setOnline(isOnline: boolean): void {
    this.#isOnline = isOnline;
    this.#retrySoon();
    this.#reconcile();
  }

  setTracks(tracks: LocalTracks): void {
    this.#tracks = tracks;
    void this.#current?.link.setTracks(tracks);
    void this.#negotiating?.setTracks(tracks);
  }

  /** The shared screen; null: none. */
  setContent(track: MediaStreamTrack | null): void {
    this.#content = track;
    void this.#current?.link.setContent(track).then(() => {
      this.#limit(this.#current?.link); // by the size of what is captured now
    });
    void this.#negotiating?.setContent(track);
  }

  close(): void {
    this.#isClosed = true;
    this.#desired = null;
    this.#end();
  }

  #limit(link: PeerLink | undefined): void {
    if (this.#desired) void link?.setSend(this.#desired.send, this.#desired.send_content ?? null);
  }

  #reconcile(): void {
    if (this.#isClosed || !this.#isOnline || this.#negotiating || this.#retryTimer) return;
    const meeting = this.#desired?.meeting;
    const epoch = this.#desired?.media_epoch ?? '';
    if (!meeting || epoch === '') return;
    if (this.#current?.epochs.has(epoch) && this.#status !== 'failed') return;
    void this.#negotiate(meeting, epoch);
  }

  async #negotiate(meeting: string, epoch: string): Promise<void> {
    const link = this.#options.createLink(this.#tracks);
    if (this.#content) void link.setContent(this.#content);
    this.#negotiating = link;
    if (!this.#current) this.#setStatus('connecting');
    try {
      const reply = await this.#options.sendOffer(meeting, await link.offer());
      await link.answer(reply.sdp);
      if (this.#negotiating !== link) return; // ended meanwhile, and closed there
      this.emit('trouble', null);
      this.#adopt(link, new Set([epoch, reply.media_epoch]));
    } catch (cause) {
      link.close();
      if (this.#negotiating !== link) return;
      this.#negotiating = null;
      this.emit('trouble', codeOf(cause));
      this.#retryLater();
    }
  }

  #adopt(link: PeerLink, epochs: ReadonlySet<string>): void {
    this.#negotiating = null;
    this.#retired?.close();
    this.#retired = this.#current?.link ?? null;
    this.#current = { link, epochs };
    this.#setStatus('connecting');
    link.onState((state) => {
      if (this.#current?.link !== link) return;
      if (state === 'connected') this.#connected(link);
      if (state === 'lost') void this.#restart(link, epochs);
      if (state === 'failed') this.#failed();
    });
    this.#clearConnect();
    this.#connectTimer = setTimeout(() => {
      this.#failed();
    }, CONNECT_MS);
    this.#reconcile(); // the centre may have changed its mind meanwhile
  }

  /** Another way for the same connection; without one, the link fails and a new one is made. */
  async #restart(link: PeerLink, epochs: ReadonlySet<string>): Promise<void> {
    const meeting = this.#desired?.meeting;
    if (!meeting || !this.#isOnline) return;
    try {
      const reply = await this.#options.sendOffer(meeting, await link.restart());
      if (this.#current?.link !== link || this.#status === 'failed') return;
      if (!epochs.has(reply.media_epoch)) throw new RongError('media.bad_offer');
      await link.answer(reply.sdp);
    } catch {
      if (this.#current?.link === link && this.#status !== 'failed') this.#failed();
    }
  }

  #connected(link: PeerLink): void {
    this.#clearConnect();
    this.#backoff.reset();
    this.#retired?.close();
    this.#retired = null;
    this.emit('remote', link.remote);
    this.#setStatus('connected');
    this.#limit(link);
  }

  #failed(): void {
    this.#clearConnect();
    this.#setStatus('failed');
    this.#retryLater();
  }

  #retryLater(): void {
    this.#clearRetry();
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      this.#reconcile();
    }, this.#backoff.nextMs());
  }

  /** Something changed for the better: what is waiting need not wait to the end. */
  #retrySoon(): void {
    this.#clearRetry();
    this.#backoff.reset();
  }

  #end(): void {
    this.#clearRetry();
    this.#clearConnect();
    const had = this.#current !== null;
    for (const link of [this.#negotiating, this.#retired, this.#current?.link]) link?.close();
    this.#negotiating = null;
    this.#retired = null;
    this.#current = null;
    if (had) this.emit('remote', null);
    this.#setStatus('waiting');
  }

  #setStatus(status: MediaStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.emit('status', status);
  }

  #clearRetry(): void {
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
  }

  #clearConnect(): void {
    if (this.#connectTimer) clearTimeout(this.#connectTimer);
    this.#connectTimer = null;
  }
}
