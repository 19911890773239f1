// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import type { EventName, ServerEvent } from '../protocol/envelope';
import type { Events, Language } from '../protocol/messages.gen';
import { AT, desired, MEETING, room, snapshot } from '../testing/fixtures';
import { applyEvent, askingOf, EMPTY_CALL, type CallState } from './call-state';

function event<Name extends EventName>(name: Name, d: Events[Name], at = AT): ServerEvent {
  return { name, d, at } as unknown as ServerEvent;
}

function fold(state: CallState, ...events: ServerEvent[]): CallState {
  return events.reduce(applyEvent, state);
}

const meeting = MEETING;
const start = fold(EMPTY_CALL, event('meeting.snapshot', snapshot()));
const asks = (member: string, at = AT) => event('floor.requested', { meeting, member }, at);
const grants = (member: string) => event('floor.granted', { meeting, member, by: 'chair' });
const releases = (member: string) => event('floor.released', { meeting, member, by: 'chair' });
const muted = (state: CallState) =>
  [...state.members.values()].filter((member) => member.muted).map(({ id }) => id);

describe('the state of a call', () => {
  it('is what the snapshot says', () => {
    expect(start.meeting).toEqual({ id: MEETING, title: 'Giao ban', state: 'open', mode: 'floor' });
    expect([...start.members.keys()]).toEqual(['chair', '64', '622', '23557']);
    expect(start.stage.tiles).toEqual(['chair', '64']);
  });

  it('takes a snapshot in parts, the first of which replaces everything', () => {
    const again = fold(
      start,
      event('meeting.snapshot', snapshot({ of: 2, members: [room('1')], queue: [] })),
      event('meeting.snapshot', snapshot({ part: 2, of: 2, members: [room('2')], title: 'x' })),
    );
    expect([...again.members.keys()]).toEqual(['1', '2']);
    expect(again.meeting?.title).toBe('Giao ban');
  });

  it('keeps the queue in order, with places', () => {
    const state = fold(start, asks('64'), asks('622'), asks('23557'));
    const withdrawn = fold(state, event('floor.withdrawn', { meeting, member: '622' }));
    expect(
      [...askingOf(withdrawn).values()].map(({ member, position }) => [member, position]),
    ).toEqual([
      ['64', 1],
      ['23557', 2],
    ]);
  });

  it('does not queue anybody twice, as after a replay', () => {
    expect(fold(start, asks('64'), asks('64')).queue).toHaveLength(1);
  });

  it('knows who hears and interprets what, and whose microphone that opens', () => {
    const change = (member: string, hears: Language, speaks: Language) =>
      event('member.language_changed', { meeting, member, hears, speaks, by: 'tech-1' });
    const begun = fold(start, change('622', 'bahnar', 'jrai'));
    expect(begun.members.get('622')).toMatchObject({
      hears: 'bahnar',
      speaks: 'jrai',
      muted: false,
    });
    expect(
      fold(begun, event('meeting.all_muted', { meeting, by: 'chair' })).members.get('622'),
    ).toMatchObject({ muted: false });
    expect(fold(begun, change('622', 'bahnar', 'floor')).members.get('622')).toMatchObject({
      speaks: 'floor',
      muted: true,
    });
  });

  it('knows how loud a member is mixed', () => {
    const state = fold(
      start,
      event('member.gain_changed', {
        ...{ meeting, member: '622', gain_db: -6, gain_auto: false, by: 'tech-1' },
      }),
    );
    expect(state.members.get('622')).toMatchObject({ gain_db: -6, gain_auto: false });
  });

  it('gives the floor: out of the queue, microphone open, clock started', () => {
    const state = fold(start, asks('622'), grants('622'));
    expect(state.floor).toEqual({ member: '622', since: AT });
    expect(state.queue).toEqual([]);
    expect(muted(state)).toEqual(['64', '23557']);
  });

  it('takes the floor back and closes the microphone with it', () => {
    const state = fold(start, grants('622'), releases('622'));
    expect(state.floor).toBeNull();
    expect(muted(state)).toEqual(['64', '622', '23557']);
  });

  it("leaves microphones alone in a discussion, and a chair's always", () => {
    const talk = fold(EMPTY_CALL, event('meeting.snapshot', snapshot({ mode: 'discussion' })));
    expect(muted(fold(talk, grants('622'), releases('622')))).toEqual(['64', '23557']);
    expect(muted(fold(start, grants('chair'), releases('chair')))).not.toContain('chair');
  });

  it('does not free the floor for a release of somebody else', () => {
    const state = fold(start, grants('622'), releases('64'));
    expect(state.floor?.member).toBe('622');
  });

  it('mutes one, and all but the chairs', () => {
    const open = fold(
      start,
      event('member.muted', { meeting, member: '64', muted: false, by: 'chair' }),
    );
    expect(muted(open)).toEqual(['622', '23557']);
    expect(muted(fold(open, event('meeting.all_muted', { meeting, by: 'chair' })))).toEqual([
      '64',
      '622',
      '23557',
    ]);
  });

  it('follows who is there', () => {
    const gone = fold(
      start,
      event('member.presence', { meeting, member: '64', present: false, connected: false }),
    );
    expect(gone.members.get('64')).toMatchObject({ present: false, connected: false });
    const joined = fold(gone, event('member.joined', { meeting, member: room('7') }));
    expect(joined.members.has('7')).toBe(true);
    const left = fold(
      joined,
      asks('7'),
      grants('64'),
      event('member.left', { meeting, member: '7' }),
    );
    expect(left.members.has('7')).toBe(false);
    expect(left.queue).toEqual([]);
    expect(fold(left, event('member.left', { meeting, member: '64' })).floor).toBeNull();
  });

  it('opens and ends', () => {
    const planned = fold(EMPTY_CALL, event('meeting.snapshot', snapshot({ state: 'planned' })));
    const open = fold(planned, event('meeting.opened', { meeting }));
    expect(open.meeting?.state).toBe('open');
    const ended = fold(
      open,
      asks('64'),
      grants('622'),
      event('meeting.ended', { meeting, by: 'chair' }),
    );
    expect(ended).toMatchObject({ floor: null, queue: [], meeting: { state: 'ended' } });
  });

  it('shows what is on stage, and what is wanted of us', () => {
    const state = fold(
      start,
      event('stage.changed', { meeting, layout: 'speaker', tiles: ['622', 'chair'] }),
      event('member.desired', desired({ floor: 'queued', position: 2, queue_length: 5 })),
    );
    expect(state.stage).toEqual({ layout: 'speaker', tiles: ['622', 'chair'] });
    expect(state.desired?.position).toBe(2);
  });

  it('ignores another meeting and what is meant for machines', () => {
    const other = event('meeting.ended', { meeting: 'zzzzzzzz', by: 'chair' });
    const levels = event('meeting.levels', { meeting, levels: [] });
    expect(fold(start, other, levels)).toBe(start);
  });

  it('leaves members that did not change as they were, so that their rows are not drawn again', () => {
    const state = fold(start, grants('622'));
    expect(state.members.get('64')).toBe(start.members.get('64'));
    expect(state.members.get('622')).not.toBe(start.members.get('622'));
  });
});
