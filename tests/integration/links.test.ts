// The links of the province, posed by rong-load beside clean ones in one meeting: each receives the picture that its link
// carries, and none drags another.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { House } from '../support/house.ts';

const run = promisify(execFile);
const BIN = process.env.RONG_BIN ?? 'build/release';
const SECONDS = 30;

/** A room in rong-load's result. */
interface Room {
  connected: boolean;
  failures: number;
  picture_ms: number;
  picture_fps_mean: number;
  picture_height: number;
  frozen_ms: number;
}

interface Result {
  rooms: Room[];
  bottleneck: string | null;
}

const links = {
  clean: { unit: '70021', kbps: 100_000, down: '', up: '' },
  urban: { unit: '70022', kbps: 4_000, down: 'rate=4000,rtt=20', up: 'rate=4000,rtt=20' },
  rural: { unit: '70023', kbps: 2_000, down: 'rate=2000,rtt=60', up: 'rate=500,rtt=60' },
  thin: { unit: '70024', kbps: 0, down: 'rate=512,rtt=60,loss=5', up: 'rate=256,rtt=60,loss=5' },
  // The posed room's own picture does not adapt, as a real one does.
  least: { unit: '70025', kbps: 64, down: 'rate=64,rtt=80', up: 'rate=512,rtt=80' },
} as const;
type Link = keyof typeof links;

let house: House;
const results = new Map<Link, Result>();

async function pose(link: Link): Promise<void> {
  const { unit, down, up } = links[link];
  const machines = new URL(house.demo.url);
  const json = `${house.demo.dir}/${link}.json`;
  await run(`${BIN}/rong-load`, [
    ...['--signal', house.demo.url.replace(/\/$/, '')],
    ...['--machines', `wss://${machines.hostname}:${Number(machines.port) + 1}/ws`],
    ...['--token-file', `${house.demo.dir}/signal/admin.token`],
    ...['--ca', `${house.demo.dir}/signal/ca.pem`],
    ...(down ? ['--link-down', down, '--link-up', up] : []),
    ...['--units', unit, '--decode', '1', '--seconds', `${SECONDS}`, '--json', json],
  ]);
  results.set(link, JSON.parse(readFileSync(json, 'utf8')) as Result);
}

beforeAll(async () => {
  house = await House.open();
  const csv = `${house.demo.dir}/links.csv`;
  const rows = Object.values(links).map(
    ({ unit, kbps }) => `${unit},633,commune,Xã ${unit},${kbps}`,
  );
  const tree = readFileSync(`${house.demo.dir}/units.csv`, 'utf8').trimEnd();
  writeFileSync(csv, `${tree}\n${rows.join('\n')}\n`);
  await house.rong('unit', 'import', csv);
  const units = Object.values(links).map(({ unit }) => unit);
  await house.rong(
    ...['meeting', 'create', '--title', 'Đường truyền', '--mode', 'floor', '--open'],
    ...['--units', units.join(',')],
  );
  await Promise.all((Object.keys(links) as Link[]).map(pose));
}, 150_000);

afterAll(async () => {
  await house.close();
}, 30_000);

/** The room on a link, unless rong-load or the machine was too slow for figures to count. */
function measured(link: Link): Room | undefined {
  const result = results.get(link);
  return result?.bottleneck === null ? result.rooms[0] : undefined;
}

/**
 * A room that the machine held up for a moment while five were posed falls, and climbs back only after 10 s: then once
 * more without the others.
 */
async function judge(link: Link, check: (room: Room) => void): Promise<void> {
  for (let again = 0; ; again++) {
    const room = measured(link);
    if (!room) return;
    try {
      check(room);
      return;
    } catch (error) {
      if (again === 2) throw error;
    }
    await pose(link);
  }
}

const frozenPercent = ({ frozen_ms }: Room): number => frozen_ms / SECONDS / 10;

describe('five rooms on five links', () => {
  it('are all in the meeting', () => {
    for (const { rooms } of results.values())
      expect(rooms[0]).toMatchObject({ connected: true, failures: 0 });
    expect(results.size).toBe(Object.keys(links).length);
  });

  it.each(['clean', 'urban', 'rural'] as const)(
    'see 720p where it fits: %s',
    (link) =>
      judge(link, (room) => {
        expect(room.picture_height).toBe(720);
        expect(room.picture_fps_mean).toBeGreaterThan(20);
        expect(frozenPercent(room)).toBeLessThan(3);
      }),
    120_000,
  );

  it(
    'see a moving picture over 512 kb/s with 5 % loss',
    () =>
      judge('thin', (room) => {
        expect(room.picture_height).toBeGreaterThanOrEqual(180);
        expect(room.picture_height).toBeLessThanOrEqual(360);
        // From joining on, while the link is still being found out; `make bench` has the steady figures.
        expect(room.picture_fps_mean).toBeGreaterThan(8);
        expect(frozenPercent(room)).toBeLessThan(20);
      }),
    120_000,
  );

  it(
    'see still pictures over 64 kb/s',
    () =>
      judge('least', (room) => {
        expect(room.picture_height).toBe(180);
        expect(room.picture_ms).toBeLessThan(10_000);
      }),
    120_000,
  );
});
