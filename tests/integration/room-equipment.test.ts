// A box without its centre, with a camera, a room codec and a microphone system that a client which we did not
// write stands for: what the one says, the others do.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import visca from 'visca-over-ip';

import { order, simulated } from '../support/devices.ts';
import { Sim } from '../support/sim.ts';

const BIN = process.env.RONG_BIN ?? 'build/release';
const PASSWORD = 'rừng-thông-reo';

let sim: Sim;
let folder: string;
let config: string;
let room: ChildProcess;
let log = '';
let microphones: InstanceType<typeof visca.ViscaCamera>;

function shell(...words: string[]): Promise<{ code: number | null; out: string; error: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      `${BIN}/rong-room`,
      [...words, '--config', config],
      (_error, out, error) => {
        resolve({ code: child.exitCode, out, error });
      },
    );
  });
}

function write(page: string, fingerprint: string): void {
  writeFileSync(join(folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
  writeFileSync(
    config,
    `[room]
state_dir=${folder}
address=127.0.0.1
visca_port=0
[signal]
machine_url=ws://127.0.0.1:1/ws
[page]
listen=${page}
[status]
listen=127.0.0.1:0
[log]
level=debug
[media]
program=/bin/false
[device camera]
driver=visca
address=127.0.0.1:${sim.port('camera udp')}
[device codec]
driver=roomos
address=127.0.0.1:${sim.port('codec tcp')}
user=rong
password_file=${join(folder, 'password')}
certificate=pinned:${fingerprint}
[microphones table]
udp_listen=127.0.0.1:0
tcp_listen=127.0.0.1:0
camera=camera
hold_ms=100
`,
  );
}

beforeAll(async () => {
  sim = await Sim.open(`
[visca camera]
listen=127.0.0.1:0
move_ms=100
[roomos codec]
listen=127.0.0.1:0
user=rong
password=${PASSWORD}
boot_ms=200
`);
  folder = mkdtempSync(join(tmpdir(), 'rong-equipment-'));
  config = join(folder, 'room.conf');
  const { fingerprint } = await simulated(sim.control, 'codec');
  write('127.0.0.1:0', String(fingerprint));
  room = spawn(`${BIN}/rong-room`, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines = createInterface({ input: room.stderr ?? process.stdin });
  const ports = await new Promise<{ page: string; microphones: number }>((resolve, reject) => {
    let page = '';
    let port = 0;
    room.once('exit', (code) => {
      reject(new Error(`rong-room ended with ${code}`));
    });
    lines.on('line', (line) => {
      log += `${line}\n`;
      page ||= /listening page port=(\d+)/.exec(line)?.[1] ?? '';
      port ||= Number(/listening microphones=table udp_port=(\d+)/.exec(line)?.[1] ?? 0);
      if (page && port) resolve({ page, microphones: port });
    });
  });
  write(`127.0.0.1:${ports.page}`, String(fingerprint));
  microphones = new visca.ViscaCamera('127.0.0.1', ports.microphones);
  await once(microphones.client, 'connect');
  await vi.waitFor(
    async () => {
      expect((await shell('probe')).out.match(/: tốt,/g)).toHaveLength(2);
    },
    { timeout: 10_000, interval: 100 },
  );
});

afterAll(async () => {
  microphones.client.close();
  const ended = new Promise((resolve) => room.once('exit', resolve));
  room.kill();
  await ended;
  await sim.close();
  rmSync(folder, { recursive: true });
});

/** What the client made of the box's answer; a command that was never taken fails as the camera's. */
function say(command: InstanceType<typeof visca.ViscaCommand>): Promise<string> {
  return new Promise((resolve) => {
    for (const word of ['complete', 'error'] as const)
      command.on(word, () => {
        resolve(word);
      });
    microphones.on('error', ([error]: [Error]) => {
      resolve(error.message);
    });
    microphones.sendCommand(command);
  });
}

describe('a microphone system, for which visca-over-ip stands', () => {
  it('points the camera at who speaks', async () => {
    expect(await say(visca.ViscaCommand.cameraPresetRecall(6))).toBe('complete');
    await vi.waitFor(async () => {
      expect(await simulated(sim.control, 'camera')).toMatchObject({ preset: 6, pan: 600 });
    }, 5000);
  });

  it('does not make it swing: of those who speak in a row the last one counts', async () => {
    const { commands } = await simulated(sim.control, 'camera');
    for (const preset of [1, 2, 3, 4, 5, 7])
      expect(await say(visca.ViscaCommand.cameraPresetRecall(preset))).toBe('complete');
    await vi.waitFor(async () => {
      expect(await simulated(sim.control, 'camera')).toMatchObject({ preset: 7, pan: 900 });
    }, 5000);
    const after = await simulated(sim.control, 'camera');
    expect(Number(after.commands) - Number(commands)).toBeLessThanOrEqual(2);
  });

  it('may not drive, store or switch it off', async () => {
    expect(await say(visca.ViscaCommand.cameraPresetSet(7))).toContain('syntax error');
    expect(await say(visca.ViscaCommand.cameraPower(false))).toContain('syntax error');
    expect(await simulated(sim.control, 'camera')).toMatchObject({ power: true });
  });
});

describe('a room codec', () => {
  it('is driven from the shell', async () => {
    expect(await shell('drive', 'codec', 'volume', '35')).toMatchObject({ code: 0 });
    expect(await shell('drive', 'codec', 'dial', 'hall@province.vn')).toMatchObject({ code: 0 });
    expect(await simulated(sim.control, 'codec')).toMatchObject({
      volume: 35,
      calls: 1,
      dialled: 'hall@province.vn',
    });
    expect(await shell('drive', 'codec', 'call', 'off')).toMatchObject({ code: 0 });
    expect(await simulated(sim.control, 'codec')).toMatchObject({ calls: 0 });
  });

  it('comes back after a power cut, as loud as it was set', async () => {
    const { commands } = await simulated(sim.control, 'codec');
    await order(sim.control, 'fault codec restart');
    await vi.waitFor(
      async () => {
        const state = await simulated(sim.control, 'codec');
        expect(state).toMatchObject({ volume: 35, clients: 1 });
        expect(Number(state.commands)).toBeGreaterThan(Number(commands));
      },
      { timeout: 10_000, interval: 50 },
    );
  });

  it('leaves its password in no line of the log', () => {
    expect(log).toContain('device up device=codec');
    expect(log).not.toContain(PASSWORD);
    expect(log).not.toContain(Buffer.from(`rong:${PASSWORD}`).toString('base64'));
  });
});
