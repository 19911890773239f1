// What others wrote, against our simulators: the clients that people really use understand them.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { Connection, DeviceType, ErrorType, Request } from '@novastar/codec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import visca from 'visca-over-ip';

import { simulated } from '../support/devices.ts';
import { Sim } from '../support/sim.ts';

let sim: Sim;

beforeAll(async () => {
  sim = await Sim.open(`
[visca camera]
listen=127.0.0.1:0
move_ms=100
[novastar wall]
listen=127.0.0.1:0
ports=2
cards=3
card_timeout_ms=200
`);
});

afterAll(async () => {
  await sim.close();
});

describe('visca-over-ip, a client of bare VISCA over UDP', () => {
  let camera: InstanceType<typeof visca.ViscaCamera>;

  beforeAll(async () => {
    camera = new visca.ViscaCamera('127.0.0.1', sim.port('camera udp'));
    await once(camera.client, 'connect');
  });

  afterAll(() => {
    camera.client.close();
  });

  /** What the client made of the camera's answer. */
  function run(command: InstanceType<typeof visca.ViscaCommand>): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const seen: string[] = [];
      const timer = setTimeout(() => {
        reject(new Error(`only ${seen.join(', ')}`));
      }, 5000);
      command.on('ack', () => {
        seen.push('ack');
      });
      command.on('complete', () => {
        seen.push('complete');
        clearTimeout(timer);
        resolve(seen);
      });
      command.on('error', () => {
        seen.push('error');
        clearTimeout(timer);
        resolve(seen);
      });
      camera.sendCommand(command);
    });
  }

  it('recalls a preset: acknowledged, completed, and the camera is there', async () => {
    expect(await run(visca.ViscaCommand.cameraPresetRecall(2))).toEqual(['ack', 'complete']);
    const state = await simulated(sim.control, 'camera');
    expect(state).toMatchObject({ preset: 2, pan: -600, tilt: 180 });
  });

  it('stores where it was driven to, and comes back there', async () => {
    await run(visca.ViscaCommand.cameraPanTiltDirect(10, 10, 0x0100, 0x0040));
    await run(visca.ViscaCommand.cameraPresetSet(7));
    await run(visca.ViscaCommand.cameraPanTiltHome());
    expect(await simulated(sim.control, 'camera')).toMatchObject({ pan: 0, tilt: 0 });
    await run(visca.ViscaCommand.cameraPresetRecall(7));
    expect(await simulated(sim.control, 'camera')).toMatchObject({ pan: 0x100, tilt: 0x40 });
  });

  it('goes to standby and comes back', async () => {
    await run(visca.ViscaCommand.cameraPower(false));
    expect(await simulated(sim.control, 'camera')).toMatchObject({ power: false });
    await run(visca.ViscaCommand.cameraPower(true));
    expect(await simulated(sim.control, 'camera')).toMatchObject({ power: true });
  });
});

describe('@novastar/codec, a client of the register protocol', () => {
  let socket: Socket;
  let connection: Connection<Socket>;

  beforeAll(async () => {
    socket = connect(sim.port('wall tcp'), '127.0.0.1');
    await once(socket, 'connect');
    connection = new Connection(socket, true, 2000);
  });

  afterAll(() => {
    connection.close();
    socket.destroy();
  });

  function read(address: number, length: number, port = 0, card = 0): Request {
    const request = new Request(length);
    request.deviceType = DeviceType.ReceivingCard;
    request.address = address;
    request.port = port;
    request.rcvIndex = card;
    return request;
  }

  it('reads the model', async () => {
    const request = new Request(2);
    request.address = 0x00000002;
    const { data } = await connection.send(request);
    expect([...data]).toEqual([0x06, 0x61]);
  });

  it('sets the brightness of all cards, and reads it from one', async () => {
    const write = new Request([204]);
    write.deviceType = DeviceType.ReceivingCard;
    write.address = 0x02000001;
    write.port = 0xff;
    write.rcvIndex = 0xffff;
    await connection.send(write);
    expect([...(await connection.send(read(0x02000001, 1, 1, 2))).data]).toEqual([204]);
    expect(await simulated(sim.control, 'wall')).toMatchObject({
      brightness: 80,
      bad_checksums: 0,
    });
  });

  it('learns that a card is not there', async () => {
    await expect(connection.send(read(0x02000001, 1, 0, 3))).rejects.toMatchObject({
      res: { ack: ErrorType.Timeout },
    });
  });
});
