// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import type { RoomStatus } from '../protocol/messages.gen';
import { MEETING, room } from '../testing/fixtures';
import { shortcomingsOf } from './readiness';

const status = (more: Partial<RoomStatus> = {}): RoomStatus => ({
  meeting: MEETING,
  member: '64',
  at: '2026-11-21T08:30:01.120+07:00',
  media: { state: 'connected' },
  devices: [{ id: 'camera', driver: 'visca', state: 'up', quality: 'confirmed' }],
  scene: 'meeting',
  scene_state: 'confirmed',
  ...more,
});
const wall = {
  id: 'wall',
  driver: 'novastar',
  state: 'fault',
  quality: 'stale',
  text: 'Bộ điều khiển màn hình LED không trả lời.',
} as const;

describe('a room', () => {
  it('is ready when nothing is wrong, or nothing was said', () => {
    expect(shortcomingsOf(room('64'), status())).toEqual([]);
    expect(shortcomingsOf(room('64'), undefined)).toEqual([]);
  });

  it('is not when its box is away, whatever that said before', () => {
    const away = room('64', { present: false });
    expect(shortcomingsOf(away, status({ devices: [wall] }))).toEqual([{ kind: 'absent' }]);
  });

  it('names its own reason for having no picture', () => {
    const dark = room('64', { connected: false });
    const media = { state: 'failed', reason: 'Không tới được máy chủ.' } as const;
    expect(shortcomingsOf(dark, status({ media }))).toEqual([
      { kind: 'no_media', text: 'Không tới được máy chủ.' },
    ]);
    expect(shortcomingsOf(dark, undefined)).toEqual([{ kind: 'no_media', text: null }]);
  });

  it('lacks no picture where there is no meeting, unless it failed', () => {
    const { meeting: _, ...idle } = status({ media: { state: 'off' } });
    const unseen = room('64', { connected: false });
    expect(shortcomingsOf(unseen, idle)).toEqual([]);
    expect(shortcomingsOf(unseen, { ...idle, media: { state: 'failed' } })).toHaveLength(1);
  });

  it('names each device that is at fault, and not the scene that failed by it', () => {
    const failed = status({ devices: [wall], scene_state: 'failed', scene_fault: 'Tường LED.' });
    expect(shortcomingsOf(room('64'), failed)).toEqual([
      { kind: 'device', device: 'wall', text: wall.text },
    ]);
  });

  it('names a scene that failed of itself', () => {
    const failed = status({ scene_state: 'failed', scene_fault: 'Không có cảnh này.' });
    expect(shortcomingsOf(room('64'), failed)).toEqual([
      { kind: 'scene', fault: { at: null, code: null, text: 'Không có cảnh này.' } },
    ]);
  });
});
