// SPDX-License-Identifier: Apache-2.0
import type { Unsubscribe } from '../base/emitter';
import type { SendWish } from '../protocol/messages.gen';
import type { LocalTracks, PeerLink, PeerState, RemoteStreams } from './peer-link';

/** A peer link without a network: remembers what it was told, changes state when the test says so. */
export class FakePeerLink implements PeerLink {
  readonly remote = { stage: {}, content: {} } as RemoteStreams;
  readonly answers: string[] = [];
  readonly wishes: SendWish[] = [];
  contentWish: SendWish | null = null;
  content: MediaStreamTrack | null = null;
  tracks: LocalTracks;
  isClosed = false;
  readonly #name: string;
  readonly #listeners = new Set<(state: PeerState) => void>();

  constructor(name: string, tracks: LocalTracks) {
    this.#name = name;
    this.tracks = tracks;
  }

  offer(): Promise<string> {
    return Promise.resolve(`offer of ${this.#name}`);
  }

  answer(sdp: string): Promise<void> {
    this.answers.push(sdp);
    return Promise.resolve();
  }

  restart(): Promise<string> {
    return Promise.resolve(`restart of ${this.#name}`);
  }

  setTracks(tracks: LocalTracks): Promise<void> {
    this.tracks = tracks;
    return Promise.resolve();
  }

  setContent(track: MediaStreamTrack | null): Promise<void> {
    this.content = track;
    return Promise.resolve();
  }

  setSend(wish: SendWish, content: SendWish | null): Promise<void> {
    this.wishes.push(wish);
    this.contentWish = content;
    return Promise.resolve();
  }

  onState(listener: (state: PeerState) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  become(state: PeerState): void {
    for (const listener of [...this.#listeners]) listener(state);
  }

  close(): void {
    this.isClosed = true;
    this.#listeners.clear();
  }
}
