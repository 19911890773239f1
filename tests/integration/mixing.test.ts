// Nobody hears itself, everybody hears the others and sees the stage: measured on what comes back to three
// posed rooms in a meeting of their own, through the real daemons.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { House } from '../support/house.ts';

const run = promisify(execFile);
const BIN = process.env.RONG_BIN ?? 'build/release';
const UNITS = ['70001', '70002', '70003'];
const SECONDS = 10;
const SENT_FPS = 15; // rong-load's rooms
const AUDIBLE_DBFS = -50;

/** A room in rong-load's result. */
interface Room {
  unit: string;
  tone_hz: number;
  connected: boolean;
  microphone_open: boolean;
  picture_alive: boolean;
  offers: number;
  failures: number;
  picture_fps_mean: number;
  picture_height: number;
  freezes: number;
  units_in: number;
  tone_dbfs: Record<string, number>;
}

let house: House;
let rooms: Room[];
let bottleneck: string | null;

beforeAll(async () => {
  house = await House.open();
  const csv = `${house.demo.dir}/posed.csv`;
  const json = `${house.demo.dir}/posed.json`;
  const rows = UNITS.map((code) => `${code},633,commune,Xã ${code},4000`);
  const tree = readFileSync(`${house.demo.dir}/units.csv`, 'utf8').trimEnd();
  writeFileSync(csv, `${tree}\n${rows.join('\n')}\n`);
  await house.rong('unit', 'import', csv);
  await house.rong(
    ...['meeting', 'create', '--title', 'Thảo luận', '--mode', 'discussion', '--open'],
    ...['--units', UNITS.join(',')],
  );
  const machines = new URL(house.demo.url);
  await run(`${BIN}/rong-load`, [
    ...['--signal', house.demo.url.replace(/\/$/, '')],
    ...['--machines', `wss://${machines.hostname}:${Number(machines.port) + 1}/ws`],
    ...['--token-file', `${house.demo.dir}/signal/admin.token`],
    ...['--ca', `${house.demo.dir}/signal/ca.pem`],
    ...['--units', UNITS.join(','), '--decode', `${UNITS.length}`],
    ...['--seconds', `${SECONDS}`, '--json', json],
  ]);
  ({ rooms, bottleneck } = JSON.parse(readFileSync(json, 'utf8')) as {
    rooms: Room[];
    bottleneck: string | null;
  });
}, 150_000);

afterAll(async () => {
  await house.close();
}, 30_000);

describe('three rooms that discuss', () => {
  it('are connected at the first try, with open microphones', () => {
    expect(rooms.map(({ unit }) => unit)).toEqual(UNITS);
    for (const room of rooms)
      expect(room).toMatchObject({
        connected: true,
        microphone_open: true,
        offers: 1,
        failures: 0,
      });
  });

  it('see the moving stage', () => {
    for (const room of rooms) {
      expect(room.picture_alive).toBe(true);
      expect(room.picture_height).toBe(720);
      // All that came whole was decoded, and each room's 15 a second make the stage move as often at least, where the
      // machine gave rong-load its time.
      expect(room.freezes).toBeLessThanOrEqual(bottleneck === null ? 1 : SECONDS);
      expect(room.picture_fps_mean).toBeGreaterThan(bottleneck === null ? SENT_FPS * 0.8 : 2);
      expect(room.picture_fps_mean * SECONDS).toBeGreaterThan(room.units_in * 0.8);
    }
  });

  it('hear each other and nobody hears itself', () => {
    // The median of the last seconds: a hole where the machine was busy is not a voice that is not mixed.
    for (const room of rooms)
      for (const { unit, tone_hz } of rooms) {
        const level = expect(room.tone_dbfs[`${tone_hz}`], `${unit} at ${room.unit}`);
        if (unit === room.unit) level.toBeLessThan(AUDIBLE_DBFS);
        else level.toBeGreaterThan(AUDIBLE_DBFS);
      }
  });
});
