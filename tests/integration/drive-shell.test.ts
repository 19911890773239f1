// A box without its centre, driven from its shell: the program, its page and real protocols.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { simulated } from '../support/devices.ts';
import { expectNoFinding } from '../support/sanitizers.ts';
import { Sim } from '../support/sim.ts';

const BIN = process.env.RONG_BIN ?? 'build/release';

let sim: Sim;
let folder: string;
let config: string;
let locale = 'C.UTF-8';
let room: ChildProcess;
const said: string[] = [];

interface Ended {
  code: number | null;
  out: string;
  error: string;
}

function shell(...words: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      `${BIN}/rong-room`,
      [...words, '--config', config],
      { env: { ...process.env, LC_ALL: locale } },
      (_error, out, error) => {
        resolve({ code: child.exitCode, out, error });
      },
    );
  });
}

function write(listen: string): void {
  writeFileSync(
    config,
    `[room]
state_dir=${folder}
address=127.0.0.1
visca_port=0
[signal]
machine_url=ws://127.0.0.1:1/ws
[page]
listen=${listen}
[status]
listen=127.0.0.1:0
[media]
program=/bin/false
[device camera]
driver=visca
address=127.0.0.1:${sim.port('camera udp')}
[device wall]
driver=novastar
address=127.0.0.1:${sim.port('wall tcp')}
[scene meeting]
wall.brightness=70
camera.power=on
`,
  );
}

/** Starts rong-room on the settings as they are; resolves with the port of its page. */
function startRoom(): Promise<string> {
  room = spawn(`${BIN}/rong-room`, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines = createInterface({ input: room.stderr ?? process.stdin });
  return new Promise((resolve, reject) => {
    room.once('exit', (code) => {
      reject(new Error(`rong-room ended with ${code}`));
    });
    lines.on('line', (line) => {
      said.push(line);
      const page = /listening page port=(\d+)/.exec(line)?.[1];
      if (page) resolve(page);
    });
  });
}

async function end(signal: NodeJS.Signals): Promise<void> {
  if (room.exitCode !== null || room.signalCode !== null) return;
  const ended = new Promise((resolve) => room.once('close', resolve));
  room.kill(signal);
  await ended;
}

beforeAll(async () => {
  sim = await Sim.open(`
[visca camera]
listen=127.0.0.1:0
move_ms=100
[novastar wall]
listen=127.0.0.1:0
`);
  folder = mkdtempSync(join(tmpdir(), 'rong-shell-'));
  config = join(folder, 'room.conf');
  write('127.0.0.1:0');
  write(`127.0.0.1:${await startRoom()}`);
  await vi.waitFor(
    async () => {
      expect((await shell('probe', '--language', 'en')).out.match(/: up,/g)).toHaveLength(2);
    },
    { timeout: 10_000, interval: 100 },
  );
});

afterAll(async () => {
  await end('SIGTERM');
  expectNoFinding('rong-room', said.join('\n'));
  await sim.close();
  rmSync(folder, { recursive: true });
});

describe('rong-room in a shell', () => {
  it('probes: model, what is known and how old, and the orders', async () => {
    const { code, out } = await shell('probe', '--language', 'en');
    expect(code).toBe(0);
    expect(out).toMatch(/camera \(visca \S+ rom \S+\): up/);
    expect(out).toMatch(/power = on, confirmed, \d+ s/);
    expect(out).toMatch(/orders: input preset brightness blank freeze pattern keep/);
  });

  it('speaks Vietnamese, or English where the locale or an option says so', async () => {
    expect((await shell('probe')).out).toMatch(
      /camera \(visca .*\): tốt, \d+ s\n {2}power = on, đã xác nhận/,
    );
    expect((await shell('status')).out).toMatch(/trung tâm: mất kết nối.*\n.*không có\n/);
    locale = 'en_US.UTF-8';
    expect((await shell('status')).out).toMatch(/centre: not connected.*\nmeeting: none\n/);
    expect((await shell('drive', 'camera', 'brightness', '5')).error).toContain('can not do this');
    expect((await shell('status', '--language', 'vi')).out).toContain('khung cảnh: chờ');
    locale = 'C.UTF-8';
    expect((await shell('drive', 'camera', 'brightness', '5')).error).toContain(
      'không có chức năng',
    );
    expect((await shell('status', '--language', 'fr')).code).toBe(2);
  });

  it('says its exit codes', async () => {
    expect((await shell('--help')).out).toMatch(/Exit codes: 0 done; 1 refused/);
  });

  it('sets a value and says how it ended', async () => {
    expect(await shell('drive', 'wall', 'brightness', '40')).toMatchObject({ code: 0, error: '' });
    expect((await simulated(sim.control, 'wall')).brightness).toBe(40);
  });

  it('holds a drive by renewal, and stops at its end', async () => {
    const before = await simulated(sim.control, 'camera');
    expect(await shell('drive', 'camera', 'drive', '50', '0', '--hold', '1.6')).toMatchObject({
      code: 0,
      error: '',
    });
    const after = await simulated(sim.control, 'camera');
    expect(after.pan).not.toBe(before.pan);
    expect(after.moving).toBe(false);
  });

  it('stops a drive that nobody renews', async () => {
    expect((await shell('drive', 'camera', 'drive', '-50', '0')).code).toBe(0);
    await expect
      .poll(async () => (await simulated(sim.control, 'camera')).moving, { timeout: 3000 })
      .toBe(false);
  });

  it('refuses what is not there and what is no order, each by name', async () => {
    const unknown = await shell('drive', 'lamp', 'power', 'on');
    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.error).toContain('device.unknown');
    const bad = await shell('drive', 'camera', 'dance');
    expect(bad).toMatchObject({ code: 1 });
    expect(bad.error).toContain('device.bad_order');
    const unsupported = await shell('drive', 'camera', 'brightness', '5');
    expect(unsupported).toMatchObject({ code: 1 });
    expect(unsupported.error).toContain('device.unsupported');
    expect((await shell('drive', 'camera')).code).toBe(2);
  });

  it('previews a scene without touching a device', async () => {
    const { code, out } = await shell('scene', 'meeting', '--preview');
    expect(code).toBe(0);
    expect(out).toMatch(/^camera\.power = on .*\nwall\.brightness = 70 /);
    expect((await shell('scene', 'ended', '--preview')).out).toContain('ended');
  });

  it('tells a refusal in the language of the page', async () => {
    const listen = /listen=(127\.0\.0\.1:[1-9]\d*)/.exec(readFileSync(config, 'utf8'))?.[1];
    const ask = async (language: string): Promise<unknown> => {
      const reply = await fetch(`http://${listen}/api/action`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'accept-language': language },
        body: JSON.stringify({ action: 'floor_request' }),
      });
      return ((await reply.json()) as { detail: string }).detail;
    };
    expect(await ask('en')).toBe('The centre can not be reached.');
    expect(await ask('vi')).toBe('Chưa kết nối được với trung tâm.');
  });

  // What moves when the program ends is nobody's: it is stopped by the one that goes or, where that
  // was killed, by the one that comes.
  it.each(['SIGTERM', 'SIGKILL'] as const)('leaves no camera turning after %s', async (signal) => {
    const moving = async (): Promise<unknown> => (await simulated(sim.control, 'camera')).moving;
    const driving = shell('drive', 'camera', 'drive', '1', '0', '--hold', '10');
    await expect.poll(moving, { timeout: 5000, interval: 20 }).toBe(true);
    await end(signal);
    if (signal === 'SIGKILL') {
      expect(await moving()).toBe(true);
      await startRoom();
    }
    await expect.poll(moving, { timeout: 5000, interval: 20 }).toBe(false);
    await driving;
    if (signal === 'SIGTERM') await startRoom();
  });
});
