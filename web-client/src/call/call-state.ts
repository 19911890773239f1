// SPDX-License-Identifier: Apache-2.0
// What the page knows of the meeting: a pure fold over the server's events, like the server's own.
import { unreachable } from '../base/errors';
import type { EventName, ServerEvent } from '../protocol/envelope';
import type {
  Events,
  FloorHolder,
  MeetingMode,
  MeetingSnapshot,
  MeetingState,
  Member,
  MemberDesired,
  QueueEntry,
  RoomList,
  RoomStatus,
  Stage,
  StageOrder,
} from '../protocol/messages.gen';

export interface Meeting {
  readonly id: string;
  readonly title: string;
  readonly state: MeetingState;
  readonly mode: MeetingMode;
}

export interface CallState {
  readonly meeting: Meeting | null;
  /** In roster order. A member that did not change is the same object as before. */
  readonly members: ReadonlyMap<string, Member>;
  readonly floor: FloorHolder | null;
  readonly queue: readonly QueueEntry[];
  readonly stage: Stage;
  /** How the stage shall be, as somebody said. */
  readonly order: StageOrder;
  /** Whose screen is shown; null: nobody's. */
  readonly content: string | null;
  /** What rooms reported of themselves; for technicians. */
  readonly statuses: ReadonlyMap<string, RoomStatus>;
  /** Whether the devices of a room are as they shall be; for chairs. */
  readonly ready: ReadonlyMap<string, boolean>;
  /** What the centre wants of this endpoint. */
  readonly desired: MemberDesired | null;
}

/** As the procedure wants it. */
const NO_ORDER: StageOrder = { mode: 'auto', tiles: [] };

export const EMPTY_CALL: CallState = {
  meeting: null,
  members: new Map(),
  floor: null,
  queue: [],
  stage: { layout: 'grid', tiles: [] },
  order: NO_ORDER,
  content: null,
  statuses: new Map(),
  ready: new Map(),
  desired: null,
};

/** Events that are meant for machines, or carry no state. */
const IGNORED = {
  'conference.desired': true,
  'media.offered': true,
  'meeting.levels': true,
  'meeting.counts': true,
  'room.desired': true,
  'room.driven': true,
} satisfies Partial<Record<EventName, true>>;

type IgnoredName = keyof typeof IGNORED;
type StateEvent = Exclude<ServerEvent, { readonly name: IgnoredName }>;

function isStateEvent(event: ServerEvent): event is StateEvent {
  return !(event.name in IGNORED);
}

function updateMembers(
  members: ReadonlyMap<string, Member>,
  update: (member: Member) => Partial<Member> | null,
): ReadonlyMap<string, Member> {
  const next = new Map<string, Member>();
  let changed = false;
  for (const [id, member] of members) {
    const change = update(member);
    changed ||= change !== null;
    next.set(id, change ? { ...member, ...change } : member);
  }
  return changed ? next : members;
}

function updateMember(state: CallState, id: string, change: Partial<Member>): CallState {
  const members = updateMembers(state.members, (member) => (member.id === id ? change : null));
  return { ...state, members };
}

function withoutQueued(queue: readonly QueueEntry[], member: string): readonly QueueEntry[] {
  return queue.filter((entry) => entry.member !== member);
}

/** Parts arrive in order; the first replaces all there was. */
function applySnapshot(state: CallState, d: MeetingSnapshot): CallState {
  const members = new Map(d.part === 1 ? [] : state.members);
  for (const member of d.members) members.set(member.id, member);
  if (d.part > 1) return { ...state, members };
  return {
    ...state,
    meeting: { id: d.meeting, title: d.title, state: d.state, mode: d.mode },
    members,
    floor: d.floor ?? null,
    queue: d.queue,
    stage: d.stage,
    order: d.stage.order ?? NO_ORDER,
    content: d.content ?? null,
    statuses: new Map(),
    ready: new Map(),
  };
}

/** All rooms of the house, without a meeting; parts arrive in order. */
function applyRooms(state: CallState, d: RoomList): CallState {
  const members = new Map(d.part === 1 ? [] : state.members);
  for (const room of d.rooms) members.set(room.id, room);
  return { ...state, members, statuses: d.part === 1 ? new Map() : state.statuses };
}

function applyGranted(state: CallState, member: string, since: string): CallState {
  return {
    ...updateMember(state, member, { muted: false }),
    floor: { member, since },
    queue: withoutQueued(state.queue, member),
  };
}

/** "Mute all" and the end of its floor leave its microphone alone. */
function keepsMicrophone({ role, speaks }: Member): boolean {
  return role === 'chair' || role === 'interpreter' || (speaks ?? 'floor') !== 'floor';
}

/** Who begins to interpret is heard; who ends it is again what it was before. */
function applyLanguage(state: CallState, d: Events['member.language_changed']): CallState {
  const before = state.members.get(d.member);
  if (!before) return state;
  const after = { ...before, hears: d.hears, speaks: d.speaks };
  const interpreted = (before.speaks ?? 'floor') !== 'floor';
  const interprets = d.speaks !== 'floor';
  if (interprets && !interpreted) after.muted = false;
  if (interpreted && !interprets && !keepsMicrophone(after) && state.floor?.member !== d.member)
    after.muted = state.meeting?.mode === 'floor';
  return updateMember(state, d.member, after);
}

/** In a meeting by floor the microphone closes with the floor, but not a chair's. */
function applyReleased(state: CallState, id: string): CallState {
  const member = state.members.get(id);
  const closes = state.meeting?.mode === 'floor' && member && !keepsMicrophone(member);
  const next = closes ? updateMember(state, id, { muted: true }) : state;
  return state.floor?.member === id ? { ...next, floor: null } : next;
}

function applyLeft(state: CallState, id: string): CallState {
  const members = new Map(state.members);
  members.delete(id);
  return {
    ...state,
    members,
    queue: withoutQueued(state.queue, id),
    floor: state.floor?.member === id ? null : state.floor,
    content: state.content === id ? null : state.content,
  };
}

function withMeetingState(state: CallState, meetingState: MeetingState): CallState {
  return state.meeting ? { ...state, meeting: { ...state.meeting, state: meetingState } } : state;
}

function applyStateEvent(state: CallState, event: StateEvent): CallState {
  const at = event.at ?? '';
  switch (event.name) {
    case 'meeting.snapshot':
      return applySnapshot(state, event.d);
    case 'member.desired':
      return { ...state, desired: event.d };
    case 'meeting.opened':
      return withMeetingState(state, 'open');
    case 'meeting.ended':
      return { ...withMeetingState(state, 'ended'), floor: null, queue: [], content: null };
    case 'meeting.all_muted': {
      const members = updateMembers(state.members, (member) =>
        keepsMicrophone(member) || member.muted ? null : { muted: true },
      );
      return { ...state, members };
    }
    case 'member.joined': {
      const { member } = event.d;
      return { ...state, members: new Map(state.members).set(member.id, member) };
    }
    case 'member.left':
      return applyLeft(state, event.d.member);
    case 'member.muted':
      return updateMember(state, event.d.member, { muted: event.d.muted });
    case 'member.language_changed':
      return applyLanguage(state, event.d);
    case 'member.gain_changed': {
      const { member, gain_db, gain_auto } = event.d;
      return updateMember(state, member, { gain_db, gain_auto });
    }
    case 'member.presence': {
      const { member, present, connected } = event.d;
      return updateMember(state, member, { present, connected });
    }
    case 'floor.requested': {
      const { member } = event.d;
      return { ...state, queue: [...withoutQueued(state.queue, member), { member, since: at }] };
    }
    case 'floor.withdrawn':
      return { ...state, queue: withoutQueued(state.queue, event.d.member) };
    case 'floor.granted':
      return applyGranted(state, event.d.member, at);
    case 'floor.released':
      return applyReleased(state, event.d.member);
    case 'stage.changed':
      return { ...state, stage: { layout: event.d.layout, tiles: event.d.tiles } };
    case 'stage.ordered':
      return { ...state, order: event.d.order };
    case 'content.started':
      return { ...state, content: event.d.member };
    case 'content.stopped':
      return { ...state, content: null };
    case 'room.list':
      return applyRooms(state, event.d);
    case 'room.presence':
      return updateMember(state, event.d.member, { present: event.d.present });
    case 'room.status':
      return { ...state, statuses: new Map(state.statuses).set(event.d.member, event.d) };
    case 'room.ready':
      return { ...state, ready: new Map(state.ready).set(event.d.member, event.d.ready) };
    default:
      return unreachable(event);
  }
}

/** The only place where a server event changes what the page knows. */
export function applyEvent(state: CallState, event: ServerEvent): CallState {
  if (!isStateEvent(event)) return state;
  const opens = event.name === 'member.desired' || event.name === 'meeting.snapshot';
  const meeting = 'meeting' in event.d ? event.d.meeting : undefined;
  if (!opens && meeting !== state.meeting?.id) return state; // of a meeting left behind
  return applyStateEvent(state, event);
}

export interface Asking extends QueueEntry {
  /** From 1. */
  readonly position: number;
}

/** Who asks for the floor, in order. */
export function askingOf({ queue }: CallState): ReadonlyMap<string, Asking> {
  return new Map(queue.map((entry, at) => [entry.member, { ...entry, position: at + 1 }]));
}

export function onStageOf({ stage }: CallState): ReadonlySet<string> {
  return new Set(stage.tiles);
}

export function askingSet({ queue }: CallState): ReadonlySet<string> {
  return new Set(queue.map(({ member }) => member));
}

export function absentOf({ members }: CallState): ReadonlySet<string> {
  return new Set([...members.values()].filter(({ present }) => !present).map(({ id }) => id));
}
