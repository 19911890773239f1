// SPDX-License-Identifier: Apache-2.0
import { Emitter } from '../base/emitter';
import type { LocalTracks } from './peer-link';

/** Why something is not captured; each has its sentence in the catalogues. */
export type CaptureFault = 'denied' | 'missing' | 'busy' | 'insecure';

export interface LocalMediaState {
  readonly tracks: LocalTracks;
  /** Of what could not be captured. */
  readonly audioFault: CaptureFault | null;
  readonly videoFault: CaptureFault | null;
  /** What the person wants to send. */
  readonly microphoneOn: boolean;
  readonly cameraOn: boolean;
}

interface LocalMediaEvents {
  state: LocalMediaState;
}

/** The part of navigator.mediaDevices that is used. */
export type Devices = Pick<
  MediaDevices,
  'getUserMedia' | 'addEventListener' | 'removeEventListener'
>;

type Captured = { readonly tracks: MediaStreamTrack[] } | { readonly fault: CaptureFault };

const AUDIO: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};
const VIDEO: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 25, max: 30 },
};

function faultOf(cause: unknown): CaptureFault {
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'missing';
}

/** The person's own camera and microphone. Owns the tracks. */
export class LocalMedia extends Emitter<LocalMediaEvents> {
  /** Undefined where the page is not secure. */
  readonly #devices: Devices | undefined;
  #centreOpens = true;
  #isClosed = false;
  #state: LocalMediaState = {
    tracks: { audio: null, video: null },
    audioFault: null,
    videoFault: null,
    microphoneOn: true,
    cameraOn: true,
  };

  constructor(devices: Devices | undefined) {
    super();
    this.#devices = devices;
  }

  get state(): LocalMediaState {
    return this.#state;
  }

  /** Asks for both at once (one question to the person), else for what there is. Never throws. */
  async start(): Promise<void> {
    this.#devices?.addEventListener('devicechange', this.#devicesChanged);
    await this.#capture();
  }

  setMicrophone(isOn: boolean): void {
    this.#set({ microphoneOn: isOn });
  }

  setCamera(isOn: boolean): void {
    this.#set({ cameraOn: isOn });
  }

  /** The centre closed or opened our microphone: nothing is sent while it is closed. */
  setAllowed(isOpen: boolean): void {
    this.#centreOpens = isOpen;
    this.#apply();
  }

  close(): void {
    this.#isClosed = true;
    this.#devices?.removeEventListener('devicechange', this.#devicesChanged);
    this.#stop(this.#state.tracks);
  }

  async #capture(): Promise<void> {
    const both = await this.#get({ audio: AUDIO, video: VIDEO });
    if ('tracks' in both) {
      this.#adopt(both, both);
      return;
    }
    this.#adopt(await this.#get({ audio: AUDIO }), await this.#get({ video: VIDEO }));
  }

  async #get(constraints: MediaStreamConstraints): Promise<Captured> {
    if (!this.#devices) return { fault: 'insecure' };
    try {
      const stream = await this.#devices.getUserMedia(constraints);
      return { tracks: stream.getTracks() };
    } catch (cause) {
      return { fault: faultOf(cause) };
    }
  }

  #adopt(forAudio: Captured, forVideo: Captured): void {
    const find = (captured: Captured, kind: string) =>
      'tracks' in captured ? (captured.tracks.find((track) => track.kind === kind) ?? null) : null;
    const tracks = { audio: find(forAudio, 'audio'), video: find(forVideo, 'video') };
    if (this.#isClosed) {
      this.#stop(tracks);
      return;
    }
    this.#stop(this.#state.tracks);
    for (const track of [tracks.audio, tracks.video]) {
      track?.addEventListener('ended', () => void this.#capture(), { once: true });
    }
    this.#set({
      tracks,
      audioFault: 'fault' in forAudio ? forAudio.fault : null,
      videoFault: 'fault' in forVideo ? forVideo.fault : null,
    });
  }

  /** Something was plugged in: what was missing may be there now. */
  readonly #devicesChanged = (): void => {
    if (this.#state.audioFault ?? this.#state.videoFault) void this.#capture();
  };

  #stop(tracks: LocalTracks): void {
    tracks.audio?.stop(); // our own stop() raises no `ended`
    tracks.video?.stop();
  }

  #set(change: Partial<LocalMediaState>): void {
    this.#state = { ...this.#state, ...change };
    this.#apply();
    this.emit('state', this.#state);
  }

  #apply(): void {
    const { tracks, microphoneOn, cameraOn } = this.#state;
    if (tracks.audio) tracks.audio.enabled = microphoneOn && this.#centreOpens;
    if (tracks.video) tracks.video.enabled = cameraOn;
  }
}
