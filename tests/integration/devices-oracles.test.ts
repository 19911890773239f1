// What others wrote, against our simulators: the clients that people really use understand them.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { Connection, DeviceType, ErrorType, Request } from '@novastar/codec';
import { connect as connectCodec, type XAPI } from 'jsxapi';
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
[roomos codec]
listen=127.0.0.1:0
user=rong
password=tre-xanh+/=
boot_ms=200
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

describe("jsxapi, Cisco's own client of its room codecs", () => {
  let codec: XAPI;

  function login(password: string): XAPI {
    const client = connectCodec(`wss://127.0.0.1:${sim.port('codec tcp')}`, {
      username: 'rong',
      password,
      loglevel: 'silent',
    });
    // It calls the end of a connection an error, each time.
    client.on('error', () => undefined);
    return client;
  }

  /** The next word that the codec says by itself about the path. */
  function told(path: string): Promise<unknown> {
    return new Promise((resolve) => {
      const off = codec.status.on(path, (value: unknown) => {
        off();
        resolve(value);
      });
    });
  }

  beforeAll(async () => {
    codec = login('tre-xanh+/=');
    await once(codec, 'ready');
  });

  afterAll(() => {
    codec.close();
  });

  it('is not let in with a wrong password', async () => {
    const stranger = login('wrong');
    const [error] = (await once(stranger, 'error')) as [Error];
    expect(error.message).toContain('401');
  });

  it('reads who the codec is', async () => {
    expect(await codec.status.get('SystemUnit ProductPlatform')).toBe('Room Kit');
    expect(await codec.status.get('SystemUnit Hardware')).toEqual({
      Module: { SerialNumber: 'FOC0000SIM0' },
    });
  });

  it('sets volume and microphones, and is told so', async () => {
    const volume = told('Audio Volume');
    await codec.command('Audio Volume Set', { Level: 64 });
    expect(await volume).toBe(64);
    expect(await codec.status.get('Audio Volume')).toBe(64);
    await codec.command('Audio Microphones Mute');
    expect(await codec.status.get('Audio Microphones Mute')).toBe('On');
  });

  it('calls and hangs up', async () => {
    await codec.command('Dial', { Number: 'hall@province.vn' });
    expect(await simulated(sim.control, 'codec')).toMatchObject({
      calls: 1,
      dialled: 'hall@province.vn',
    });
    await codec.command('Call Disconnect');
    expect(await codec.status.get('SystemUnit State NumberOfActiveCalls')).toBe(0);
  });

  it('stores where the camera looks, and goes back there', async () => {
    await codec.command('Camera PositionSet', { CameraId: 1, Pan: 1200, Tilt: -300, Zoom: 800 });
    await codec.command('Camera Preset Store', { CameraId: 1, PresetId: 4 });
    await codec.command('Camera PositionReset', { CameraId: 1 });
    await codec.command('Camera Preset Activate', { PresetId: 4 });
    expect(await codec.status.get('Cameras Camera 1 Position')).toMatchObject({
      Pan: 1200,
      Tilt: -300,
      Zoom: 800,
    });
  });

  it('goes to standby and comes back', async () => {
    await codec.command('Standby Activate');
    expect(await codec.status.get('Standby State')).toBe('Standby');
    await codec.command('Standby Deactivate');
    expect(await codec.status.get('Standby State')).toBe('Off');
  });

  it('is refused what is wrong, in the codes that it knows', async () => {
    await expect(codec.command('Audio Volume Set', { Level: 101 })).rejects.toMatchObject({
      code: -32602,
    });
    await expect(codec.command('Make Tea')).rejects.toMatchObject({ code: -32601 });
    await expect(codec.status.get('Audio Nothing')).rejects.toMatchObject({ code: 3 });
  });
});
