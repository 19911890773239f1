// SPDX-License-Identifier: Apache-2.0
import { Emitter } from '../base/emitter';

/** The part of navigator.mediaDevices that is used. */
export type Screens = Pick<MediaDevices, 'getDisplayMedia'>;

interface SharedScreenEvents {
  /** What is captured; null: nothing. */
  track: MediaStreamTrack | null;
}

const CAPTURE: DisplayMediaStreamOptions = {
  video: {
    width: { max: 1920 },
    height: { max: 1080 },
    frameRate: { ideal: 8, max: 15 },
  },
  audio: false,
};

/** The person's screen, window or tab while it is shared. Owns the track. */
export class SharedScreen extends Emitter<SharedScreenEvents> {
  readonly #screens: Screens | undefined;
  #track: MediaStreamTrack | null = null;

  constructor(screens: Screens | undefined) {
    super();
    this.#screens = screens;
  }

  /** A page that is not secure, or a telephone, has none. */
  get isPossible(): boolean {
    return this.#screens !== undefined;
  }

  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  /** Asks the person which. False: it does not want to, or may not; nothing changed then. */
  async start(): Promise<boolean> {
    const track = await this.#capture();
    if (!track) return false;
    this.stop();
    track.contentHint = 'detail'; // letters stay sharp, motion may stutter
    track.addEventListener('ended', () => {
      if (this.#track === track) this.stop();
    });
    this.#track = track;
    this.emit('track', track);
    return true;
  }

  stop(): void {
    if (!this.#track) return;
    this.#track.stop();
    this.#track = null;
    this.emit('track', null);
  }

  async #capture(): Promise<MediaStreamTrack | null> {
    try {
      const stream = await this.#screens?.getDisplayMedia(CAPTURE);
      return stream?.getVideoTracks()[0] ?? null;
    } catch {
      return null; // closing the browser's own question is an answer
    }
  }
}
