// SPDX-License-Identifier: Apache-2.0
// The rooms' equipment as a technician looks at it.
import type { Device, Member, RoomStatus } from '../protocol/messages.gen';
import { shortcomingsOf } from './readiness';

export function isRed(device: Device): boolean {
  return device.state === 'down' || device.state === 'fault';
}

/** The rooms that are not ready. */
export function redRooms(
  members: ReadonlyMap<string, Member>,
  statuses: ReadonlyMap<string, RoomStatus>,
): ReadonlySet<string> {
  const red = new Set<string>();
  for (const member of members.values()) {
    if (member.kind === 'room' && shortcomingsOf(member, statuses.get(member.id)).length > 0)
      red.add(member.id);
  }
  return red;
}

/** Whether its driver's table has the order: the room tells, no page knows drivers. */
export function can(device: Device, order: string): boolean {
  return device.can?.split(' ').includes(order) ?? false;
}

/** What can be turned. */
export function isCamera(device: Device): boolean {
  return can(device, 'drive');
}

/** What shines. */
export function isDisplay(device: Device): boolean {
  return can(device, 'brightness') || can(device, 'blank');
}
