// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import type { RoomStatus } from '../protocol/messages.gen';
import { CHAIR, MEETING, room } from '../testing/fixtures';
import { isCamera, isDisplay, redRooms } from './equipment';

const status = (member: string, state: 'up' | 'down'): RoomStatus => ({
  meeting: MEETING,
  member,
  at: '2026-11-21T08:30:01.120+07:00',
  media: { state: 'connected' },
  devices: [{ id: 'camera', driver: 'visca', state, quality: 'confirmed' }],
  scene: 'meeting',
  scene_state: 'confirmed',
});

describe('equipment', () => {
  it('counts as red what is absent or has a device that is down, but no person', () => {
    const members = [
      { ...CHAIR, present: false },
      room('1'),
      room('2'),
      room('3', { present: false }),
    ];
    const red = redRooms(
      new Map(members.map((member) => [member.id, member])),
      new Map([
        ['1', status('1', 'up')],
        ['2', status('2', 'down')],
      ]),
    );
    expect([...red]).toEqual(['2', '3']);
  });

  it('tells what turns from what shines', () => {
    const device = { id: 'x', driver: 'whatever', state: 'up', quality: 'confirmed' } as const;
    const camera = { ...device, can: 'power preset drive zoom stop' };
    const wall = { ...device, can: 'preset brightness blank keep' };
    expect([isCamera(camera), isDisplay(camera)]).toEqual([true, false]);
    expect([isCamera(wall), isDisplay(wall)]).toEqual([false, true]);
    expect([isCamera(device), isDisplay(device)]).toEqual([false, false]); // of a box that does not tell
  });
});
