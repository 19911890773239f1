// SPDX-License-Identifier: Apache-2.0
import type { Unsubscribe } from '../base/emitter';
import type { SendWish } from '../protocol/messages.gen';

/** `lost`: the way is gone; restart() may find another before it has `failed`. */
export type PeerState = 'connecting' | 'connected' | 'lost' | 'failed';

/** What is sent; null where there is no device. */
export interface LocalTracks {
  readonly audio: MediaStreamTrack | null;
  readonly video: MediaStreamTrack | null;
}

/** What is received. */
export interface RemoteStreams {
  /** The mixed sound and the composed picture. */
  readonly stage: MediaStream;
  readonly content: MediaStream;
}

/** What the page needs of a peer connection: RtcPeerLink in the page, FakePeerLink in tests. */
export interface PeerLink {
  readonly remote: RemoteStreams;
  /** Our first offer, with all candidates in it. */
  offer(): Promise<string>;
  /** A further offer of the same connection, to find another way (ICE restart); media goes on meanwhile. */
  restart(): Promise<string>;
  answer(sdp: string): Promise<void>;
  /** Exchanges what is sent, without a new offer. */
  setTracks(tracks: LocalTracks): Promise<void>;
  /** The shared screen; null: none. */
  setContent(track: MediaStreamTrack | null): Promise<void>;
  /** Keeps what is sent to what the centre asks for; `content` null: nothing on that line. */
  setSend(main: SendWish, content: SendWish | null): Promise<void>;
  onState(listener: (state: PeerState) => void): Unsubscribe;
  /** Nothing is sent or received afterwards; the tracks stay with their owner. */
  close(): void;
}
