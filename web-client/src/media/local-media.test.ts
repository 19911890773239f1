// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { LocalMedia, type Devices } from './local-media';

class FakeTrack extends EventTarget {
  enabled = true;
  isStopped = false;

  constructor(readonly kind: 'audio' | 'video') {
    super();
  }

  stop(): void {
    this.isStopped = true;
  }
}

/** A computer with what is plugged in; `fault` is what the browser throws for the rest. */
class FakeDevices extends EventTarget {
  readonly made: FakeTrack[] = [];

  constructor(
    public plugged: ('audio' | 'video')[],
    public fault = 'NotFoundError',
  ) {
    super();
  }

  getUserMedia(constraints: MediaStreamConstraints): Promise<MediaStream> {
    const kinds = (['audio', 'video'] as const).filter((kind) => constraints[kind]);
    if (!kinds.every((kind) => this.plugged.includes(kind))) {
      return Promise.reject(new DOMException('no', this.fault));
    }
    const tracks = kinds.map((kind) => new FakeTrack(kind));
    this.made.push(...tracks);
    return Promise.resolve({ getTracks: () => tracks } as unknown as MediaStream);
  }
}

function open(devices: FakeDevices): LocalMedia {
  return new LocalMedia(devices as unknown as Devices);
}

function next(local: LocalMedia): Promise<void> {
  return new Promise((resolve) => {
    const stop = local.on('state', () => {
      stop();
      resolve();
    });
  });
}

describe('the own camera and microphone', () => {
  it('are both sent', async () => {
    const devices = new FakeDevices(['audio', 'video']);
    const local = open(devices);
    await local.start();
    expect(local.state).toMatchObject({ audioFault: null, videoFault: null });
    expect([local.state.tracks.audio, local.state.tracks.video]).toEqual(devices.made);
    local.close();
    expect(devices.made.every(({ isStopped }) => isStopped)).toBe(true);
  });

  it('are sent as far as they are there', async () => {
    const local = open(new FakeDevices(['audio']));
    await local.start();
    expect(local.state.tracks.audio).not.toBeNull();
    expect(local.state).toMatchObject({
      tracks: { video: null },
      audioFault: null,
      videoFault: 'missing',
    });
  });

  it.each([
    ['NotAllowedError', 'denied'],
    ['NotFoundError', 'missing'],
    ['NotReadableError', 'busy'],
  ])('say why they are not: %s', async (fault, reason) => {
    const local = open(new FakeDevices([], fault));
    await local.start();
    expect(local.state).toMatchObject({
      tracks: { audio: null, video: null },
      audioFault: reason,
      videoFault: reason,
    });
  });

  it('are out of reach where the page is not secure', async () => {
    const local = new LocalMedia(undefined);
    await local.start();
    expect(local.state.audioFault).toBe('insecure');
  });

  it('are noticed when they are plugged in, and again after they were pulled out', async () => {
    const devices = new FakeDevices(['audio']);
    const local = open(devices);
    await local.start();
    devices.plugged = ['audio', 'video'];
    const changed = next(local);
    devices.dispatchEvent(new Event('devicechange'));
    await changed;
    expect(local.state.videoFault).toBeNull();
    devices.plugged = [];
    const ended = next(local);
    devices.made.at(-1)?.dispatchEvent(new Event('ended'));
    await ended;
    expect(local.state.tracks).toEqual({ audio: null, video: null });
    local.close();
  });

  it('send silence while the person or the centre keeps the microphone closed', async () => {
    const devices = new FakeDevices(['audio', 'video']);
    const local = open(devices);
    await local.start();
    const [audio, video] = devices.made;
    local.setAllowed(false);
    expect(audio?.enabled).toBe(false);
    local.setMicrophone(false);
    local.setAllowed(true);
    expect(audio?.enabled).toBe(false);
    local.setMicrophone(true);
    expect(audio?.enabled).toBe(true);
    local.setCamera(false);
    expect([audio?.enabled, video?.enabled]).toEqual([true, false]);
  });
});
