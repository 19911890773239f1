// SPDX-License-Identifier: Apache-2.0
// What keeps a room from being ready: each red has its reason.
import type { Member, RoomStatus } from '../protocol/messages.gen';

export type Shortcoming =
  /** The box is not there. */
  | { readonly kind: 'absent' }
  /** The box is there, its picture and sound are not. */
  | { readonly kind: 'no_media'; readonly text: string | null }
  | { readonly kind: 'device'; readonly device: string; readonly text: string | null }
  | { readonly kind: 'scene'; readonly fault: SceneFault };

/** The one line that a scene failed by. */
export interface SceneFault {
  /** DEVICE.FIELD. */
  readonly at: string | null;
  readonly code: string | null;
  /** The box's own sentence, in Vietnamese. */
  readonly text: string | null;
}

export function sceneFaultOf(status: RoomStatus): SceneFault {
  const { scene_fault_at: at, scene_fault_code: code, scene_fault: text } = status;
  return { at: at ?? null, code: code ?? null, text: text ?? null };
}

/** Without a meeting nothing is wrong with a room that shows none. */
function hasMedia(room: Member, status: RoomStatus | undefined): boolean {
  if (room.connected) return true;
  return status !== undefined && status.meeting === undefined && status.media.state !== 'failed';
}

/** None: the room is ready. What an absent box last said of itself no longer counts. */
export function shortcomingsOf(
  room: Member,
  status: RoomStatus | undefined,
): readonly Shortcoming[] {
  if (!room.present) return [{ kind: 'absent' }];
  const media: Shortcoming[] = hasMedia(room, status)
    ? []
    : [{ kind: 'no_media', text: status?.media.reason ?? null }];
  const devices = (status?.devices ?? [])
    .filter(({ state }) => state === 'down' || state === 'fault')
    .map(({ id, text }): Shortcoming => ({ kind: 'device', device: id, text: text ?? null }));
  // A scene that failed because of a device is that device's fault, said once.
  const scene: Shortcoming[] =
    status?.scene_state === 'failed' && devices.length === 0
      ? [{ kind: 'scene', fault: sceneFaultOf(status) }]
      : [];
  return [...media, ...devices, ...scene];
}
