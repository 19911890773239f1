// Ten percent of random loss in each direction and 60 ms of round trip: sound is repaired by RED copies, measured on what
// comes back to three posed rooms through the real daemons.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { House } from '../support/house.ts';

const run = promisify(execFile);
const BIN = process.env.RONG_BIN ?? 'build/release';
const UNITS = ['70011', '70012', '70013'];
const SECONDS = 15;

/** A room in rong-load's result. */
interface Room {
  unit: string;
  tone_hz: number;
  connected: boolean;
  offers: number;
  failures: number;
  tones_heard: number[];
  concealed_percent: number;
  gaps_over_60_ms: number;
  clipped_samples: number;
  sound_red: number;
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
    ...['--link', 'loss=10,rtt=60,jitter=10', '--link-seed', '3'],
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

describe('three rooms behind bad links', () => {
  it('stay connected at the first try', () => {
    for (const room of rooms)
      expect(room).toMatchObject({ connected: true, offers: 1, failures: 0 });
  });

  it('hear the others without an audible hole', () => {
    for (const room of rooms) {
      const others = rooms.filter(({ unit }) => unit !== room.unit).map(({ tone_hz }) => tone_hz);
      if (bottleneck === null)
        expect([...room.tones_heard].sort((a, b) => a - b)).toEqual(others.sort((a, b) => a - b));
      expect(room.sound_red).toBeGreaterThan(10);
      expect(room.clipped_samples).toBe(0);
      // The promise is under 1 % and no gap; in a short run the second before the first report asks for copies weighs
      // more. On a machine too busy to pose the rooms the figures are not the centre's.
      if (bottleneck !== null) continue;
      expect(room.concealed_percent).toBeLessThan(3);
      expect(room.gaps_over_60_ms).toBeLessThanOrEqual(1);
    }
  });
});
