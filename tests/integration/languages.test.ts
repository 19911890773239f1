// Interpretation on the real path: rooms that rong-load poses as, in a meeting of their own. One speaks on the floor, one
// interprets; what each of the others hears is measured by the pilot tones in what comes back to it.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Client, spend } from '../support/client.ts';
import { House, until } from '../support/house.ts';

const run = promisify(execFile);
const BIN = process.env.RONG_BIN ?? 'build/release';
const SPEAKER = '70021';
const INTERPRETER = '70022';
const OF_THE_UNIT = '70023'; // its unit hears Jrai
const CHOSE = '70024'; // chose it in the meeting, by the desk
const FLOOR = '70025';
const BAHNAR = '70026'; // a language that nobody interprets into
const THIN = '70027'; // hears Jrai behind a link of 64 kb/s
const UNITS = [SPEAKER, INTERPRETER, OF_THE_UNIT, CHOSE, FLOOR, BAHNAR, THIN];
const SECONDS = 16;
const AUDIBLE_DBFS = -52; // at most 24 dB under a talker: coding noise is less
const WHOLE_DBFS = -36; // a talker, in most windows of 200 ms

/** A room in rong-load's result. */
interface Room {
  unit: string;
  tone_hz: number;
  connected: boolean;
  concealed_percent: number;
  tone_dbfs: Record<string, number>;
  sound_in_kbps: number;
}

let house: House;
let desk: Client;
let meeting: string;
let rooms: Map<string, Room>;
let asked: string;
let status: string;

function room(unit: string): Room {
  const found = rooms.get(unit);
  if (!found) throw new Error(`no room ${unit}`);
  return found;
}

/** How loud one room is at another, dBFS. */
function heard(listener: string, talker: string): number {
  return room(listener).tone_dbfs[`${room(talker).tone_hz}`] ?? -200;
}

/** rong-room in a shell of the demo's first box. */
async function inTheRoom(...words: string[]): Promise<string> {
  const config = ['--config', `${house.demo.dir}/room-1.conf`, '--language', 'vi'];
  return (await run(`${BIN}/rong-room`, [...words, ...config])).stdout;
}

async function ask(op: string, d: object): Promise<void> {
  const { err } = await desk.ask(op, { meeting, ...d });
  expect(err, op).toBeUndefined();
}

beforeAll(async () => {
  house = await House.open();
  asked = await inTheRoom('ask', 'language', 'jrai');
  status = await until('the box knows it', 5_000, async () => {
    const said = await inTheRoom('status');
    return said.includes('tiếng nghe: Jrai') ? said : null;
  });
  await house.rong('meeting', 'end', house.demo.meeting); // its rooms would only take time
  const csv = `${house.demo.dir}/posed.csv`;
  const json = `${house.demo.dir}/posed.json`;
  const [header = '', ...lines] = readFileSync(`${house.demo.dir}/units.csv`, 'utf8')
    .trimEnd()
    .split('\n');
  const own = UNITS.map((code) => {
    const language = [OF_THE_UNIT, THIN].includes(code) ? 'jrai' : '';
    return `${code},633,commune,Xã ${code},${code === THIN ? 64 : 4000},${language}`;
  });
  writeFileSync(csv, [`${header},language`, ...lines.map((l) => `${l},`), ...own, ''].join('\n'));
  await house.rong('unit', 'import', csv);
  ({ id: meeting } = (await house.rong(
    ...['meeting', 'create', '--title', 'Thảo luận', '--mode', 'floor', '--open'],
    ...['--units', UNITS.join(',')],
  )) as { id: string });
  const { url } = (await house.rong('link', 'technician', meeting, '--name', 'Kỹ thuật')) as {
    url: string;
  };
  ({ client: desk } = await Client.hello(house.demo, await spend(house.demo, url)));
  await ask('member.mute', { member: SPEAKER, muted: false });
  await ask('member.language', { member: INTERPRETER, speaks: 'jrai' });
  await ask('member.language', { member: BAHNAR, hears: 'bahnar' });
  for (const member of [SPEAKER, INTERPRETER])
    await ask('member.gain', { member, gain_auto: false });
  const machines = new URL(house.demo.url);
  const posing = run(`${BIN}/rong-load`, [
    ...['--signal', house.demo.url.replace(/\/$/, '')],
    ...['--machines', `wss://${machines.hostname}:${Number(machines.port) + 1}/ws`],
    ...['--token-file', `${house.demo.dir}/signal/admin.token`],
    ...['--ca', `${house.demo.dir}/signal/ca.pem`],
    ...['--units', UNITS.join(','), '--decode', `${UNITS.length}`, '--sound-only'],
    ...['--seconds', `${SECONDS}`, '--json', json],
  ]);
  await ask('meeting.subscribe', { detail: 'full' });
  const there = new Set<string>();
  await until('all rooms are connected', 60_000, () => {
    for (const { ev, d } of desk.events)
      if (ev === 'member.presence' && d?.connected === true) there.add(String(d.member));
    return UNITS.every((unit) => there.has(unit));
  });
  // Chosen while the sound flows: nothing is negotiated again.
  await ask('member.language', { member: CHOSE, hears: 'jrai' });
  await posing;
  const all = (JSON.parse(readFileSync(json, 'utf8')) as { rooms: Room[] }).rooms;
  rooms = new Map(all.map((one) => [one.unit, one]));
}, 150_000);

afterAll(async () => {
  desk.close();
  await house.close();
}, 30_000);

describe('a meeting with an interpreter', () => {
  it('lets a box choose what its room hears', () => {
    expect(asked).toContain(house.demo.rooms[0] ?? '-');
    expect(status).toContain('tiếng nghe: Jrai');
  });

  it.each([
    ['whose unit hears the language', OF_THE_UNIT],
    ['that chose it in the meeting', CHOSE],
    ['behind a thin link', THIN],
  ])('lets a room %s hear it over the faint floor', (_, listener) => {
    const interpreter = heard(listener, INTERPRETER);
    expect(interpreter).toBeGreaterThan(WHOLE_DBFS);
    expect(interpreter - heard(listener, SPEAKER)).toBeGreaterThan(12);
    expect(interpreter - heard(listener, SPEAKER)).toBeLessThan(22);
  });

  it('lets the others hear the floor, and no interpreter', () => {
    expect(heard(FLOOR, SPEAKER)).toBeGreaterThan(WHOLE_DBFS);
    expect(heard(FLOOR, INTERPRETER)).toBeLessThan(AUDIBLE_DBFS);
  });

  it('lets them hear the floor as it is while nobody interprets into their language', () => {
    expect(heard(BAHNAR, SPEAKER)).toBeGreaterThan(WHOLE_DBFS);
    expect(heard(BAHNAR, INTERPRETER)).toBeLessThan(AUDIBLE_DBFS);
  });

  it('lets the interpreter hear the floor, and neither hear itself', () => {
    expect(heard(INTERPRETER, SPEAKER)).toBeGreaterThan(WHOLE_DBFS);
    expect(heard(INTERPRETER, INTERPRETER)).toBeLessThan(AUDIBLE_DBFS);
    expect(heard(SPEAKER, SPEAKER)).toBeLessThan(AUDIBLE_DBFS);
  });

  it('does not mix who has not the floor, whatever it sends', () => {
    for (const listener of UNITS)
      for (const silent of [FLOOR, CHOSE, THIN])
        expect(heard(listener, silent)).toBeLessThan(AUDIBLE_DBFS);
  });

  it('sends a thin link what it carries', () => {
    expect(room(THIN).sound_in_kbps).toBeLessThan(31);
    expect(room(FLOOR).sound_in_kbps).toBeGreaterThan(room(THIN).sound_in_kbps + 10);
  });
});
