// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { preferredCodecs } from './rtc-peer-link';

const codec = (mimeType: string, sdpFmtpLine?: string) =>
  sdpFmtpLine === undefined ? { mimeType } : { mimeType, sdpFmtpLine };

const VIDEO = [
  codec('video/VP8'),
  codec('video/rtx'),
  codec('video/H264', 'packetization-mode=0;profile-level-id=42e01f'),
  codec('video/H264', 'packetization-mode=1;profile-level-id=640c1f'),
  codec('video/H264', 'packetization-mode=1;profile-level-id=42e01f'),
  codec('video/ulpfec'),
];

describe('what is offered', () => {
  it('is H.264 as the house codes it, then other H.264, then its repair', () => {
    expect(preferredCodecs('video', VIDEO)).toEqual([VIDEO[4], VIDEO[3], VIDEO[2], VIDEO[1]]);
  });

  it('is Opus', () => {
    const codecs = [codec('audio/red'), codec('audio/opus', 'useinbandfec=1'), codec('audio/PCMU')];
    expect(preferredCodecs('audio', codecs)).toEqual([codecs[1]]);
  });

  it('is left to a browser that has no H.264', () => {
    expect(preferredCodecs('video', [codec('video/VP8'), codec('video/rtx')])).toEqual([]);
  });
});
