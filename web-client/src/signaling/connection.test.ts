// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { ServerEvent } from '../protocol/envelope';
import { FakeSocket, settle } from '../testing/fake-socket';
import { AT, MEETING, welcome } from '../testing/fixtures';
import { Connection, type ConnectionStatus } from './connection';

let sockets: FakeSocket[];
let statuses: ConnectionStatus[];
let events: ServerEvent[];
let connection: Connection;

function socket(at: number): FakeSocket {
  const found = sockets[at];
  if (!found) throw new Error(`there was no connection ${at}`);
  return found;
}

async function hello(at: number, reply = welcome()): Promise<void> {
  socket(at).onopen?.();
  socket(at).receive({ re: socket(at).last.id, d: reply });
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  statuses = [];
  events = [];
  connection = new Connection({
    createSocket: () => {
      const made = new FakeSocket();
      sockets.push(made);
      return made.asSocket;
    },
    client: { name: 'test', version: '1' },
    random: () => 1,
  });
  connection.on('status', (status) => statuses.push(status));
  connection.on('event', (event) => events.push(event));
  connection.open();
});

afterEach(() => {
  connection.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('a connection', () => {
  it('says hello first and asks nothing before it is answered', async () => {
    await expect(connection.request('floor.request', { meeting: MEETING })).rejects.toMatchObject({
      code: 'net.lost',
    });
    socket(0).onopen?.();
    expect(socket(0).last).toMatchObject({ op: 'hello', d: { versions: [1] } });
    await hello(0);
    expect(statuses.map(({ kind }) => kind)).toEqual(['connecting', 'open']);
  });

  it('gives replies and errors to who asked', async () => {
    await hello(0);
    const granted = connection.request('floor.request', { meeting: MEETING });
    socket(0).receive({ re: socket(0).last.id, d: { position: 3 } });
    expect(await granted).toEqual({ position: 3 });

    const refused = connection.request('floor.request', { meeting: MEETING });
    socket(0).receive({ re: socket(0).last.id, err: { code: 'floor.already_queued' } });
    await expect(refused).rejects.toMatchObject({ code: 'floor.already_queued' });
  });

  it('refuses a reply that breaks the contract', async () => {
    await hello(0);
    const asked = connection.request('floor.request', { meeting: MEETING });
    socket(0).receive({ re: socket(0).last.id, d: { position: 'third' } });
    await expect(asked).rejects.toMatchObject({ code: 'net.bad_answer' });
  });

  it('resumes with the last number it has seen', async () => {
    await hello(0);
    socket(0).receive({ ev: 'meeting.opened', seq: 41, at: AT, d: { meeting: MEETING } });
    socket(0).receive({ ev: 'something.new', seq: 42, d: {} });
    socket(0).receive({ ev: 'meeting.levels', d: { meeting: MEETING, levels: [] } });
    expect(events.map(({ name }) => name)).toEqual(['meeting.opened', 'meeting.levels']);
    socket(0).drop();
    expect(statuses.at(-1)).toEqual({ kind: 'lost', code: 'net.lost' });
    vi.advanceTimersByTime(400);
    socket(1).onopen?.();
    expect(socket(1).last.d).toMatchObject({ resume: { sid: 's1', ack: 42 } });
  });

  it('counts on from there when it was resumed, from nothing when it was not', async () => {
    await hello(0);
    socket(0).receive({ ev: 'meeting.opened', seq: 41, at: AT, d: { meeting: MEETING } });
    socket(0).drop();
    vi.advanceTimersByTime(400);
    await hello(1, welcome({ resumed: true }));
    socket(1).drop();
    vi.advanceTimersByTime(400);
    socket(2).onopen?.();
    expect(socket(2).last.d).toMatchObject({ resume: { sid: 's1', ack: 41 } });
    await hello(2, welcome({ sid: 's2' }));
    socket(2).drop();
    vi.advanceTimersByTime(400);
    socket(3).onopen?.();
    expect(socket(3).last.d).toMatchObject({ resume: { sid: 's2', ack: 0 } });
  });

  it('waits longer after each failure, up to four seconds, and fails what was asked', async () => {
    await hello(0);
    const asked = connection.request('meeting.end', { meeting: MEETING });
    const outcome = expect(asked).rejects.toMatchObject({ code: 'net.lost' });
    socket(0).drop();
    await outcome;
    for (const [at, wait] of [400, 800, 1600, 3200, 4000, 4000].entries()) {
      vi.advanceTimersByTime(wait - 1);
      expect(sockets).toHaveLength(at + 1);
      vi.advanceTimersByTime(1);
      expect(sockets).toHaveLength(at + 2);
      socket(at + 1).drop();
    }
  });

  it('gives up on a server that accepts and says nothing', () => {
    socket(0).onopen?.();
    vi.advanceTimersByTime(6000);
    expect(statuses.at(-1)).toMatchObject({ kind: 'lost', code: 'net.timeout' });
    expect(socket(0).isClosed).toBe(true);
  });

  it('begins anew when told to rejoin, and later when told to wait', async () => {
    await hello(0);
    socket(0).drop(4400, '{"next":"rejoin","code":"proto.internal"}');
    vi.advanceTimersByTime(400);
    await hello(1);
    expect(socket(1).sent[0]?.d).not.toHaveProperty('resume');
    socket(1).drop(1001, '{"next":"wait","code":"server.ending"}');
    vi.advanceTimersByTime(1399);
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(3);
  });

  it('stops when told to, until the person takes over', async () => {
    await hello(0);
    socket(0).drop(4409, '{"next":"stop","code":"auth.replaced"}');
    vi.advanceTimersByTime(600_000);
    expect(sockets).toHaveLength(1);
    expect(statuses.at(-1)).toEqual({ kind: 'stopped', code: 'auth.replaced' });
    connection.retryNow();
    await hello(1);
    expect(statuses.at(-1)).toEqual({ kind: 'open' });
  });

  it('stops when the server does not know who this is', async () => {
    socket(0).onopen?.();
    socket(0).receive({ re: socket(0).last.id, err: { code: 'auth.required' } });
    await settle();
    expect(statuses.at(-1)).toEqual({ kind: 'stopped', code: 'auth.required' });
  });

  it('does not wait when the network is back', () => {
    socket(0).drop();
    connection.retryNow();
    expect(sockets).toHaveLength(2);
  });
});
