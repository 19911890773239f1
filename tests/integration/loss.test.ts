// Ten percent of random loss in each direction and 60 ms of round trip: sound is repaired by RED copies, measured on what
// comes back to three posed rooms through the real daemons. What is lost for good does not depend on how busy the machine
// is; what came too late is judged in the seconds in which neither the rooms nor the centre were late themselves.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { House } from '../support/house.ts';

const run = promisify(execFile);
const BIN = process.env.RONG_BIN ?? 'build/release';
const UNITS = ['70011', '70012', '70013'];
const SECONDS = 24;
const SETTLED_AFTER = 8; // seconds: until the first reports asked for copies
const CLEAN_AT_LEAST = 4; // seconds, for what came too late to be judged

/** A room in rong-load's result. */
interface Room {
  unit: string;
  tone_hz: number;
  connected: boolean;
  offers: number;
  failures: number;
  tone_dbfs: Record<string, number>;
  clipped_samples: number;
  sound_red: number;
  sound_missing: number;
  sound_packets: number;
}

/** A second of all rooms in rong-load's watch file; the counters grow from the start. */
interface Second {
  us: number;
  what: string;
  late_ticks: number;
  samples: number;
  concealed: number;
}

let house: House;
let rooms: Room[];
let seconds: Second[];
const centre: { us: number; late: number; skipped: number }[] = [];

async function metric(text: Promise<string>, name: string): Promise<number> {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await text)?.[1] ?? NaN);
}

async function lookAtCentre(): Promise<void> {
  const text = fetch(house.demo.metrics.mcu).then((answer) => answer.text());
  centre.push({
    us: Number(process.hrtime.bigint() / 1000n), // the clock of the watch file
    late: await metric(text, 'mcu_audio_ticks_late_total'),
    skipped: await metric(text, 'mcu_audio_ticks_skipped_total'),
  });
}

/** Was the centre's tick late between these times? */
function centreWasLate(from: number, to: number): boolean {
  const before = centre.filter(({ us }) => us <= from).at(-1);
  const after = centre.find(({ us }) => us >= to);
  return !before || !after || after.late > before.late || after.skipped > before.skipped;
}

beforeAll(async () => {
  house = await House.open();
  await house.rong('meeting', 'end', house.demo.meeting); // its rooms would only take time
  const csv = `${house.demo.dir}/posed.csv`;
  const json = `${house.demo.dir}/posed.json`;
  const watch = `${house.demo.dir}/posed.watch`;
  const rows = UNITS.map((code) => `${code},633,commune,Xã ${code},4000`);
  const tree = readFileSync(`${house.demo.dir}/units.csv`, 'utf8').trimEnd();
  writeFileSync(csv, `${tree}\n${rows.join('\n')}\n`);
  await house.rong('unit', 'import', csv);
  await house.rong(
    ...['meeting', 'create', '--title', 'Thảo luận', '--mode', 'discussion', '--open'],
    ...['--units', UNITS.join(',')],
  );
  const machines = new URL(house.demo.url);
  const looking = setInterval(() => void lookAtCentre().catch(() => undefined), 250);
  try {
    await run(`${BIN}/rong-load`, [
      ...['--signal', house.demo.url.replace(/\/$/, '')],
      ...['--machines', `wss://${machines.hostname}:${Number(machines.port) + 1}/ws`],
      ...['--token-file', `${house.demo.dir}/signal/admin.token`],
      ...['--ca', `${house.demo.dir}/signal/ca.pem`],
      ...['--link', 'loss=10,rtt=60,jitter=10', '--link-seed', '3'],
      ...['--units', UNITS.join(','), '--decode', `${UNITS.length}`, '--sound-only'],
      ...['--seconds', `${SECONDS}`, '--json', json, '--watch', watch],
    ]);
  } finally {
    clearInterval(looking);
  }
  ({ rooms } = JSON.parse(readFileSync(json, 'utf8')) as { rooms: Room[] });
  seconds = readFileSync(watch, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Second)
    .filter(({ what }) => what === 'second');
}, 150_000);

afterAll(async () => {
  await house.close();
}, 30_000);

describe('three rooms behind bad links', () => {
  it('stay connected at the first try', () => {
    for (const room of rooms)
      expect(room).toMatchObject({ connected: true, offers: 1, failures: 0 });
  });

  it('hear the others, with less than one frame in a hundred lost for good', () => {
    const skipped = (centre.at(-1)?.skipped ?? 0) - (centre[0]?.skipped ?? 0);
    for (const room of rooms) {
      for (const { unit, tone_hz } of rooms)
        if (unit !== room.unit) expect(room.tone_dbfs[`${tone_hz}`]).toBeGreaterThan(-50);
      expect(room.sound_red).toBeGreaterThan(10);
      expect(room.clipped_samples).toBe(0);
      expect(room.sound_packets).toBeGreaterThan(500);
      // What a busy centre left out was never made, so nobody could repair it.
      const lost = Math.max(0, room.sound_missing - skipped);
      expect(lost / room.sound_packets).toBeLessThan(0.01);
    }
  });

  it('hear less than one percent concealed while nobody is late', (context) => {
    let samples = 0;
    let concealed = 0;
    let clean = 0;
    for (let at = SETTLED_AFTER; at < seconds.length; at++) {
      const [before, now] = [seconds[at - 1], seconds[at]];
      if (!before || !now || now.late_ticks > before.late_ticks) continue;
      if (centreWasLate(before.us, now.us)) continue;
      clean++;
      samples += now.samples - before.samples;
      concealed += now.concealed - before.concealed;
    }
    // A machine that never keeps its time shows nothing of lateness; the seeded traces of
    // test_audio_jitter_traces.c judge it without a clock.
    if (clean < CLEAN_AT_LEAST) context.skip();
    expect(concealed / samples).toBeLessThan(0.01);
  });
});
