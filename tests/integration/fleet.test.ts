// The fleet of rong-sim: the devices of 240 rooms in one process, each answering for itself.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

import { expect, it } from 'vitest';

import { Sim } from '../support/sim.ts';

const ROOMS = 240;
const NETWORK = '127.98';
const MODEL_REQUEST = Buffer.from('55aa0000fe000000000000000200000002005757', 'hex');
const VERSION_INQUIRY = Buffer.from('81090002ff', 'hex');

function askWall(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(MODEL_REQUEST));
    socket.setTimeout(5000, () => socket.destroy(new Error(`${host} does not answer`)));
    socket.once('error', reject);
    socket.once('data', (reply) => {
      expect(reply.subarray(0, 2).toString('hex')).toBe('aa55');
      resolve(socket);
    });
  });
}

it('answers for 480 devices at once in less than 200 MB', async () => {
  const sim = await Sim.open(
    `[fleet]\nrooms=${ROOMS}\nnetwork=${NETWORK}\nvisca_port=0\nnovastar_port=0\n`,
    ['fleet'],
  );
  const numbers = Array.from({ length: ROOMS }, (_, index) => index + 1);
  const name = (number: number): string => `room-${String(number).padStart(3, '0')}`;

  const walls = await Promise.all(
    numbers.map((number) =>
      askWall(`${NETWORK}.4.${number}`, sim.port(`${name(number)}-wall tcp`)),
    ),
  );

  const answered = new Set<string>();
  const udp = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`only ${answered.size} cameras answered`));
    }, 10_000);
    const ask = (): void => {
      const next = numbers.find((number) => !answered.has(`${NETWORK}.0.${number}`));
      if (next === undefined) {
        clearTimeout(timer);
        resolve();
        return;
      }
      udp.send(VERSION_INQUIRY, sim.port(`${name(next)}-camera udp`), `${NETWORK}.0.${next}`);
    };
    udp.on('message', (_reply, from) => {
      answered.add(from.address);
      ask();
    });
    udp.bind(0, '0.0.0.0', ask);
  });
  udp.close();

  const status = readFileSync(`/proc/${sim.process.pid}/status`, 'utf8');
  const kilobytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]);
  expect(answered.size).toBe(ROOMS);
  expect(kilobytes).toBeGreaterThan(0);
  expect(kilobytes).toBeLessThan(200 * 1024);

  for (const wall of walls) wall.destroy();
  await sim.close();
}, 30_000);
