// Rooms, their devices and scenes, as a technician has them: by WebSocket, by REST, from the shell of
// the centre and of a box. The real daemons, and simulated devices that fail on demand.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { admin, Client, rest, spend } from '../support/client.ts';
import { order, simulated } from '../support/devices.ts';
import { House, until } from '../support/house.ts';

const run = promisify(execFile);
const BIN = process.env.RONG_BIN ?? 'build/release';
const SCENE_DEADLINE_MS = 8_000;

interface Status {
  member: string;
  meeting?: string;
  scene: string;
  scene_state: string;
  scene_fault?: string;
  scene_fault_at?: string;
  scene_fault_code?: string;
  buttons?: { name: string; label: string }[];
  devices: {
    id: string;
    state: string;
    can?: string;
    values?: { brightness?: number; blank?: boolean };
  }[];
}

let house: House;
let technician: Client;
let room: string;
const closing: (() => Promise<void> | void)[] = [];

const camera = () => simulated(house.demo.sims.control, 'camera-1');
const wall = () => simulated(house.demo.sims.control, 'led-1');
const fault = (device: string, kind: string) =>
  order(house.demo.sims.control, `fault ${device} ${kind}`);

function status(of = room): Status {
  const last = technician.events
    .filter(({ ev, d }) => ev === 'room.status' && d?.member === of)
    .at(-1);
  if (!last) throw new Error(`nothing is known of room ${of}`);
  return last.d as unknown as Status;
}

async function shell(...words: string[]): Promise<string> {
  const config = `${house.demo.dir}/room-1.conf`;
  return (await run(`${BIN}/rong-room`, [...words, '--config', config])).stdout;
}

/** Sets another scene than that which is set; how it ended, and how long that took. */
async function set(scene: string): Promise<{ ended: Status; ms: number }> {
  const begun = performance.now();
  const answer = await technician.ask('room.scene', { room, scene });
  expect(answer.err).toBeUndefined();
  const ended = await until('the end of the scene', SCENE_DEADLINE_MS + 2_000, () => {
    const now = status();
    return now.scene === scene && now.scene_state !== 'applying' ? now : null;
  });
  return { ended, ms: performance.now() - begun };
}

/** Up, perhaps with a wish that failed while it was not. */
async function answers(device: string): Promise<void> {
  await until(`${device} to answer`, 15_000, async () =>
    (await shell('probe', '--json'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; state: string })
      .some(({ id, state }) => id === device && (state === 'up' || state === 'fault')),
  );
}

beforeAll(async () => {
  house = await House.open();
  closing.push(() => house.close());
  room = house.demo.rooms[0] ?? '';
  const link = (await house.rong('link', 'technician', '-', '--name', 'Kỹ thuật viên')) as {
    url: string;
  };
  ({ client: technician } = await Client.hello(house.demo, await spend(house.demo, link.url)));
  closing.push(() => technician.close());
  expect((await technician.ask('room.watch')).err).toBeUndefined();
  await until('the room', 5_000, () => status());
}, 120_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
}, 30_000);

afterEach(async () => {
  await fault('camera-1', 'none');
  await fault('led-1', 'none');
  await answers('camera');
  await answers('led');
}, 30_000);

describe('a technician without a meeting', () => {
  it('is told every room of the house, who is there, and what each reported', async () => {
    const link = (await house.rong('link', 'technician', '-', '--name', 'Hai')) as { url: string };
    const { client, hello } = await Client.hello(house.demo, await spend(house.demo, link.url));
    expect(hello.meeting).toBeUndefined();
    await client.ask('room.watch');
    const list = await until('the list', 2_000, () => client.event('room.list')?.d);
    const rooms = list.rooms as { id: string; present: boolean; parent_name?: string }[];
    const units = (await house.rong('unit', 'list')) as { units: unknown[] };
    expect(rooms).toHaveLength(units.units.length);
    expect(rooms.filter(({ id }) => house.demo.rooms.includes(id))).toEqual(
      house.demo.rooms.map((): unknown => expect.objectContaining({ present: true })),
    );
    for (const one of house.demo.rooms)
      await until(`the status of ${one}`, 2_000, () =>
        client.events.some(({ ev, d }) => ev === 'room.status' && d?.member === one),
      );
    client.close();
  });

  it('is refused to one of a meeting', async () => {
    const meeting = house.demo.meeting;
    const link = (await house.rong('link', 'technician', meeting, '--name', 'Ba')) as {
      url: string;
    };
    const { client } = await Client.hello(house.demo, await spend(house.demo, link.url));
    await client.ask('meeting.subscribe', { meeting, detail: 'full' });
    await until('a status of its meeting', 2_000, () =>
      client.events.some(({ ev, d }) => ev === 'room.status' && d?.meeting === meeting),
    );
    expect((await client.ask('room.watch')).err?.code).toBe('auth.forbidden');
    client.close();
  });

  it('sees what a device can do and what is set on it', async () => {
    const led = await until('the brightness', 5_000, () =>
      status().devices.find(({ id, values }) => id === 'led' && values?.brightness !== undefined),
    );
    expect(led.can?.split(' ')).toContain('brightness');
    expect(led.can?.split(' ')).not.toContain('drive');
    expect(led.values?.brightness).toBe((await wall()).brightness);
  });

  it('can stop when it has driven too much to be answered', async () => {
    const { client: hasty } = await Client.hello(
      house.demo,
      await spend(house.demo, house.demo.technician_url),
    );
    const drive = { room, device: 'camera', op: 'drive', pan: 10, tilt: 0, press: 1 };
    const driven = await Promise.all(
      Array.from({ length: 100 }, () => hasty.ask('room.drive', drive)),
    );
    expect(driven.some(({ err }) => err?.code === 'proto.rate')).toBe(true);
    const stop = await hasty.ask('room.drive', { room, device: 'camera', op: 'stop' });
    expect(stop.err).toBeUndefined();
    await until('a still camera', 2_000, async () => (await camera()).moving === false);
    hasty.close();
  });
});

describe('a scene', () => {
  it('of a named button is set on every device and confirmed', async () => {
    expect(status().buttons).toEqual([{ name: 'chao-co', label: 'Chào cờ' }]);
    const { ended, ms } = await set('chao-co');
    expect(ended).toMatchObject({ scene: 'chao-co', scene_state: 'confirmed' });
    expect(ended.scene_fault).toBeUndefined();
    expect(ms).toBeLessThan(SCENE_DEADLINE_MS);
    expect((await wall()).brightness).toBe(100);
  }, 20_000);

  it('that the room does not have is refused', async () => {
    const answer = await technician.ask('room.scene', { room, scene: 'tiec' });
    expect(answer.err?.code).toBe('room.unknown_scene');
  });

  it.each([
    ['deaf', /^device\.(timeout|offline)$/],
    ['lie', /^device\.unverified$/],
    ['refuse', /^device\.(unsupported|bad_value|not_now|refused|fault)$/],
  ])(
    'ends in one named fault with its cure where the wall is: %s',
    async (kind, code) => {
      await set('idle');
      await fault('led-1', kind);
      const { ended, ms } = await set('floor');
      expect(ended.scene_state).toBe('failed');
      expect(ended.scene_fault_at).toBe('led.brightness');
      expect(ended.scene_fault_code).toMatch(code);
      expect(ended.scene_fault).toMatch(/^led\.brightness: \p{Lu}[^:]+: .+\.$/u); // what: what to do.
      expect(ms).toBeLessThan(SCENE_DEADLINE_MS + 1_000);
      await fault('led-1', 'none');
      await answers('led');
      await technician.ask('room.scene', { room, scene: 'floor' });
      await until('the scene after all', 5_000, () => status().scene_state === 'confirmed');
    },
    40_000,
  );

  it('is set from a shell of the box by its name, and not by another', async () => {
    await shell('scene', 'idle');
    await shell('scene', 'chao-co');
    await until('the wall', 8_000, async () => (await wall()).brightness === 100);
    await expect(shell('scene', 'tiec')).rejects.toMatchObject({ code: 1 });
  }, 20_000);

  it('is read anew on SIGHUP, and stays where the file has a fault', async () => {
    const path = `${house.demo.dir}/room-1.conf`;
    const before = readFileSync(path, 'utf8');
    await set('idle'); // so that the next is news
    await set('chao-co');
    writeFileSync(path, before.replace('label = Chào cờ', 'label = Chào cờ\nled.sparkle = 1'));
    process.kill(house.pid('room-1'), 'SIGHUP');
    await until('the fault with its line', 5_000, () =>
      /room-1\.conf:\d+: scene chao-co: driver novastar has no 'sparkle'/.test(
        house.log('rong-room-1'),
      ),
    );
    expect(status().buttons).toHaveLength(1);
    writeFileSync(
      path,
      `${before.replace('led.brightness = 100', 'led.brightness = 85')}\n[scene tiec]\nlabel = Tiệc\n`,
    );
    process.kill(house.pid('room-1'), 'SIGHUP');
    await until('the new brightness', 8_000, async () => (await wall()).brightness === 85);
    await until('both buttons', 5_000, () => status().buttons?.length === 2);
    writeFileSync(path, before);
    process.kill(house.pid('room-1'), 'SIGHUP');
    await until('one button', 5_000, () => status().buttons?.length === 1);
  }, 30_000);
});

describe('what is set by hand', () => {
  it('comes back with a wall that restarts without it', async () => {
    const value = 37;
    const set = await technician.ask('room.drive', {
      room,
      device: 'led',
      op: 'brightness',
      value,
    });
    expect(set).toMatchObject({ d: { done: true } });
    await fault('led-1', 'restart');
    const isUp = (): boolean =>
      status().devices.some(({ id, state }) => id === 'led' && state === 'up');
    await until('the loss of the wall', 10_000, () => !isUp());
    await until('the wall', 20_000, isUp); // which has forgotten what was not stored
    await until('the brightness', 5_000, async () => (await wall()).brightness === value);
  }, 30_000);
});

describe('the list of rooms', () => {
  it('is given by REST to the administrator only', async () => {
    expect((await rest(house.demo, 'GET', '/api/v1/rooms')).status).toBe(401);
    await set('idle');
    const { status: code, body } = await rest(house.demo, 'GET', '/api/v1/rooms', {
      headers: admin(house.demo),
    });
    expect(code).toBe(200);
    const rows = body.rooms as { room: string }[];
    expect(rows.find((row) => row.room === room)).toMatchObject({
      present: true,
      scene_state: 'confirmed',
      devices: [
        { id: 'camera', driver: 'visca', state: 'up' },
        { id: 'led', driver: 'novastar', state: 'up' },
      ],
    });
  });

  it('is printed by rong room list, with what is red and since when', async () => {
    await fault('camera-1', 'off');
    await until('a red camera', 15_000, () =>
      status().devices.some(({ id, state }) => id === 'camera' && state === 'down'),
    );
    const { stdout } = await run(`${BIN}/rong`, [
      '--config',
      `${house.demo.dir}/signal.conf`,
      'room',
      'list',
    ]);
    const lines = stdout.split('\n');
    const at = lines.findIndex((line) => line.startsWith(`${room} `));
    expect(lines[at]).toMatch(/ present /);
    expect(lines[at + 1]).toMatch(/! camera +down +since 20\S+ +device\./);
    expect(lines[at + 2]).toMatch(/^ {4}led +up/);
  }, 30_000);
});
