// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FakePeerLink } from '../media/fake-peer-link';
import { MediaSession } from '../media/media-session';
import type { Role } from '../protocol/messages.gen';
import { Connection } from '../signaling/connection';
import { FakeSocket, settle } from '../testing/fake-socket';
import { AT, desired, MEETING, snapshot, welcome } from '../testing/fixtures';
import { Call } from './call';

let sockets: FakeSocket[];
let links: FakePeerLink[];
let refused: string[];
let call: Call;

function start(role: Role = 'chair'): void {
  const connection = new Connection({
    createSocket: () => {
      const made = new FakeSocket();
      sockets.push(made);
      return made.asSocket;
    },
    client: { name: 'test', version: '1' },
    random: () => 1,
  });
  const media = new MediaSession({
    createLink: (tracks) => {
      const made = new FakePeerLink(String(links.length), tracks);
      links.push(made);
      return made;
    },
    sendOffer: (meeting, sdp) => connection.request('media.offer', { meeting, sdp }),
  });
  call = new Call({
    role,
    connection,
    media,
    local: null,
    screen: null,
    now: () => Date.parse(AT) - 60_000,
  });
  call.on('refused', (code) => refused.push(code));
  call.start();
}

function socket(): FakeSocket {
  const last = sockets.at(-1);
  if (!last) throw new Error('nobody connected');
  return last;
}

async function join(more = {}): Promise<void> {
  socket().onopen?.();
  socket().receive({ re: socket().last.id, d: welcome(more) });
  await settle();
}

async function reply(d: object = {}): Promise<void> {
  socket().receive({ re: socket().last.id, d });
  await settle();
}

function receive(ev: string, d: object, seq = 1): void {
  socket().receive({ ev, seq, at: AT, d });
}

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  links = [];
  refused = [];
  start();
});

afterEach(() => {
  call.close();
  vi.useRealTimers();
});

describe('a call', () => {
  it('subscribes to its meeting and keeps the clock of the server', async () => {
    await join();
    expect(socket().last).toMatchObject({
      op: 'meeting.subscribe',
      d: { meeting: MEETING, detail: 'full' },
    });
    expect(call.self).toBe('chair');
    expect(call.serverNow()).toBe(Date.parse(AT));
  });

  it('does not subscribe again after a resume', async () => {
    await join();
    await reply();
    socket().drop();
    vi.advanceTimersByTime(400);
    await join({ resumed: true });
    expect(socket().sent.map(({ op }) => op)).toEqual(['hello']);
  });

  it('brings media about as the centre wishes, and ends it with the meeting', async () => {
    await join();
    await reply();
    receive('meeting.snapshot', snapshot());
    receive('member.desired', desired(), 2);
    await settle();
    expect(socket().last).toMatchObject({ op: 'media.offer', d: { sdp: 'offer of 0' } });
    await reply({ sdp: 'answer', media_epoch: 'aa11' });
    expect(links[0]?.answers).toEqual(['answer']);
    receive('meeting.ended', { meeting: MEETING, by: 'chair' }, 3);
    expect(links[0]?.isClosed).toBe(true);
  });

  it('leaves camera and stage to the window that took over', async () => {
    await join();
    await reply();
    receive('meeting.snapshot', snapshot());
    receive('member.desired', desired(), 2);
    await settle();
    await reply({ sdp: 'answer', media_epoch: 'aa11' });
    socket().drop(4409, '{"next":"stop","code":"auth.replaced"}');
    expect(links[0]?.isClosed).toBe(true);
  });

  it('asks by name for what a person pressed', async () => {
    await join();
    await reply();
    receive('meeting.snapshot', snapshot());
    const pressed = [
      () => call.grant('622'),
      () => call.release('622'),
      () => call.mute('64', false),
      () => call.muteAll(),
      () => call.ask(),
      () => call.withdraw(),
      () => call.yieldFloor(),
      () => call.end(),
    ];
    const asked: unknown[] = [];
    for (const press of pressed) {
      void press();
      await settle();
      asked.push([socket().last.op, socket().last.d]);
      await reply(socket().last.op === 'floor.request' ? { position: 1 } : {});
    }
    const meeting = MEETING;
    expect(asked).toEqual([
      ['floor.grant', { meeting, member: '622' }],
      ['floor.release', { meeting, member: '622' }],
      ['member.mute', { meeting, member: '64', muted: false }],
      ['member.mute_all', { meeting }],
      ['floor.request', { meeting }],
      ['floor.withdraw', { meeting }],
      ['floor.yield', { meeting }],
      ['meeting.end', { meeting }],
    ]);
    expect(refused).toEqual([]);
  });

  it('explains what was refused instead of throwing it at a view', async () => {
    await join();
    await reply();
    receive('meeting.snapshot', snapshot());
    const pressed = call.grant('622');
    socket().receive({ re: socket().last.id, err: { code: 'meeting.not_open' } });
    await pressed;
    socket().drop();
    await call.muteAll();
    expect(refused).toEqual(['meeting.not_open', 'net.lost']);
  });

  it('keeps levels out of the state', async () => {
    await join();
    await reply();
    receive('meeting.snapshot', snapshot());
    const before = call.state;
    const seen: number[] = [];
    call.levels.watch('64', (dbov) => seen.push(dbov));
    receive('meeting.levels', { meeting: MEETING, levels: [{ member: '64', level: -12 }] });
    expect(seen).toEqual([-127, -12]);
    expect(call.state).toBe(before);
  });
});

describe('rights', () => {
  it.each([
    ['chair', true, true],
    ['secretary', true, false],
    ['technician', false, false],
    ['delegate', false, false],
  ] as const)('of a %s come from the contract', (role, grants, ends) => {
    call.close();
    start(role);
    expect([call.may('floor.grant'), call.may('meeting.end')]).toEqual([grants, ends]);
  });
});
