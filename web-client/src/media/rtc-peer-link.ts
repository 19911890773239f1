// SPDX-License-Identifier: Apache-2.0
// The browser's peer connection, with the house's fixed lines: sound, main picture, content picture.
import type { Unsubscribe } from '../base/emitter';
import type { SendWish } from '../protocol/messages.gen';
import type { LocalTracks, PeerLink, PeerState, RemoteStreams } from './peer-link';

/** The MCU finds us by our packets, so candidates are welcome but nobody waits for slow ones. */
const GATHERING_MS = 1_000;
/** A line that stutters mends itself in this time, or another way is found. */
const DISCONNECTED_MS = 4_000;

type CodecOfBrowser = Pick<RTCRtpCodec, 'mimeType' | 'sdpFmtpLine'>;

/** Opus; H.264 in the form the house uses first, with its repair. Nothing else: the offer stays short. */
export function preferredCodecs<Codec extends CodecOfBrowser>(
  kind: 'audio' | 'video',
  codecs: readonly Codec[],
): Codec[] {
  const named = (name: string) => codecs.filter(({ mimeType }) => mimeType.toLowerCase() === name);
  if (kind === 'audio') return named('audio/opus');
  const rank = ({ sdpFmtpLine: fmtp = '' }: Codec) => {
    if (!fmtp.includes('packetization-mode=1')) return 2;
    return fmtp.includes('profile-level-id=42e0') ? 0 : 1;
  };
  const h264 = named('video/h264').sort((a, b) => rank(a) - rank(b));
  return h264.length > 0 ? [...h264, ...named('video/rtx')] : [];
}

function prefer(transceiver: RTCRtpTransceiver, kind: 'audio' | 'video'): void {
  const codecs = preferredCodecs(kind, RTCRtpReceiver.getCapabilities(kind)?.codecs ?? []);
  // A browser without H.264 offers what it has; the centre's answer says what is wrong.
  if (codecs.length > 0) transceiver.setCodecPreferences(codecs);
}

const NOTHING: SendWish = { height: 0, fps: 0, kbps: 0 };

/** What one line sends, within what is wished for. */
async function limit(sender: RTCRtpSender, wish: SendWish): Promise<void> {
  const parameters = sender.getParameters();
  const encoding = parameters.encodings[0];
  if (!encoding) return; // not negotiated yet; asked again when it is
  encoding.active = wish.height > 0;
  if (wish.height > 0) {
    const captured = sender.track?.getSettings().height ?? wish.height;
    encoding.scaleResolutionDownBy = Math.max(1, captured / wish.height);
  }
  if (wish.fps > 0) encoding.maxFramerate = wish.fps;
  if (wish.kbps > 0) encoding.maxBitrate = wish.kbps * 1000;
  await sender.setParameters(parameters);
}

export class RtcPeerLink implements PeerLink {
  readonly remote: RemoteStreams;
  readonly #connection: RTCPeerConnection;
  readonly #audio: RTCRtpTransceiver;
  readonly #main: RTCRtpTransceiver;
  readonly #content: RTCRtpTransceiver;
  readonly #listeners = new Set<(state: PeerState) => void>();
  #limits = Promise.resolve();
  #state: PeerState = 'connecting';
  #disconnectedTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(tracks: LocalTracks) {
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: [] });
    this.#connection = connection;
    this.#audio = connection.addTransceiver(tracks.audio ?? 'audio', { direction: 'sendrecv' });
    this.#main = connection.addTransceiver(tracks.video ?? 'video', { direction: 'sendrecv' });
    this.#content = connection.addTransceiver('video', { direction: 'sendrecv' });
    prefer(this.#audio, 'audio');
    prefer(this.#main, 'video');
    prefer(this.#content, 'video');
    this.remote = {
      stage: new MediaStream([this.#audio.receiver.track, this.#main.receiver.track]),
      content: new MediaStream([this.#content.receiver.track]),
    };
    connection.onconnectionstatechange = () => {
      this.#connectionChanged();
    };
    globalThis.addEventListener('online', this.#networkChanged);
  }

  async offer(): Promise<string> {
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    await this.#gathered();
    return this.#connection.localDescription?.sdp ?? '';
  }

  async restart(): Promise<string> {
    this.#connection.restartIce();
    return this.offer();
  }

  async answer(sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: 'answer', sdp });
  }

  async setTracks(tracks: LocalTracks): Promise<void> {
    await this.#audio.sender.replaceTrack(tracks.audio);
    await this.#main.sender.replaceTrack(tracks.video);
  }

  async setContent(track: MediaStreamTrack | null): Promise<void> {
    await this.#content.sender.replaceTrack(track);
  }

  async setSend(main: SendWish, content: SendWish | null): Promise<void> {
    // One after the other: the browser refuses parameters that were read before the last change.
    this.#limits = this.#limits.then(async () => {
      await limit(this.#main.sender, main);
      await limit(this.#content.sender, content ?? NOTHING);
    });
    await this.#limits;
  }

  onState(listener: (state: PeerState) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  close(): void {
    this.#listeners.clear();
    this.#clearTimer();
    this.#connection.onconnectionstatechange = null;
    globalThis.removeEventListener('online', this.#networkChanged);
    this.#connection.close();
  }

  async #gathered(): Promise<void> {
    const connection = this.#connection;
    if (connection.iceGatheringState === 'complete') return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHERING_MS);
      connection.onicegatheringstatechange = () => {
        if (connection.iceGatheringState !== 'complete') return;
        clearTimeout(timer);
        resolve();
      };
    });
    connection.onicegatheringstatechange = null;
  }

  /** The machine has a network again, perhaps another: sooner than the connection notices. */
  readonly #networkChanged = (): void => {
    if (this.#state !== 'connected') return;
    for (const listener of [...this.#listeners]) listener('lost'); // perhaps it is not
  };

  #connectionChanged(): void {
    const state = this.#connection.connectionState;
    this.#clearTimer();
    if (state === 'connected') this.#setState('connected');
    else if (state === 'failed' || state === 'closed') this.#setState('failed');
    else if (state === 'disconnected') {
      this.#setState('lost');
      this.#disconnectedTimer = setTimeout(() => {
        this.#setState('failed');
      }, DISCONNECTED_MS);
    }
  }

  #setState(state: PeerState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }

  #clearTimer(): void {
    if (this.#disconnectedTimer) clearTimeout(this.#disconnectedTimer);
    this.#disconnectedTimer = null;
  }
}
