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

const DISPLAY_DRIVERS: ReadonlySet<string> = new Set(['novastar']);

/** What can be turned; of a driver that the page does not know, the room says what it can not. */
export function isCamera(device: Device): boolean {
  return !DISPLAY_DRIVERS.has(device.driver);
}

export function isDisplay(device: Device): boolean {
  return DISPLAY_DRIVERS.has(device.driver);
}
