// SPDX-License-Identifier: Apache-2.0
// A small meeting, and one as large as the province.
import type { HelloReply, MeetingSnapshot, Member, MemberDesired } from '../protocol/messages.gen';

export const MEETING = 'abcdefgh';
export const AT = '2026-11-21T08:30:00.000+07:00';

export function room(id: string, more: Partial<Member> = {}): Member {
  return {
    id,
    kind: 'room',
    role: 'room',
    name: `Phòng ${id}`,
    unit: id,
    level: 'commune',
    present: true,
    connected: true,
    muted: true,
    on_stage: false,
    ...more,
  };
}

export const CHAIR: Member = {
  id: 'chair',
  kind: 'person',
  role: 'chair',
  name: 'Nguyễn Thị Hạnh',
  present: true,
  connected: true,
  muted: false,
  on_stage: true,
};

export const THREE_ROOMS: readonly Member[] = [
  room('64', { name: 'Tỉnh Gia Lai', level: 'province' }),
  room('622', { name: 'Thành phố Pleiku', level: 'district', parent: '64' }),
  room('23557', { name: 'Phường Yên Đỗ', parent: '622' }),
];

/** One province, 17 districts, 222 communes. */
export function province(): Member[] {
  const districts = Array.from({ length: 17 }, (_, at) => String(600 + at));
  const communes = Array.from({ length: 222 }, (_, at) =>
    room(String(20000 + at), { parent: districts[at % 17] ?? '' }),
  );
  const heads = districts.map((id) => room(id, { level: 'district', parent: '64' }));
  return [CHAIR, room('64', { level: 'province' }), ...heads, ...communes];
}

export function snapshot(more: Partial<MeetingSnapshot> = {}): MeetingSnapshot {
  return {
    meeting: MEETING,
    title: 'Giao ban',
    state: 'open',
    mode: 'floor',
    part: 1,
    of: 1,
    members: [CHAIR, ...THREE_ROOMS],
    queue: [],
    stage: { layout: 'grid', tiles: ['chair', '64'] },
    ...more,
  };
}

export function desired(more: Partial<MemberDesired> = {}): MemberDesired {
  return {
    meeting: MEETING,
    title: 'Giao ban',
    member: 'chair',
    media_epoch: 'aa11',
    microphone: 'open',
    on_stage: true,
    floor: 'none',
    position: 0,
    queue_length: 0,
    send: { height: 720, fps: 25, kbps: 1500 },
    ...more,
  };
}

export function welcome(more: Partial<HelloReply> = {}): HelloReply {
  return {
    version: 1,
    sid: 's1',
    resume_ttl_s: 300,
    resumed: false,
    features: [],
    server_time: AT,
    role: 'chair',
    self: 'chair',
    meeting: MEETING,
    ...more,
  };
}
