// Asks the simulated devices over their real protocols, with frames built here from the manuals' tables.
import { connect } from 'node:net';

function address(text: string): { host: string; port: number } {
  const [host, port] = text.split(':');
  return { host: host ?? '', port: Number(port) };
}

/**
 * Where the camera stands: CAM_PanTiltPosInq `81 09 06 12 FF` (Sony's command list), on a connection of
 * its own to the camera's raw TCP port, so that the sequence numbers of the agent are left alone.
 */
export function cameraPosition(target: string): Promise<{ pan: number; tilt: number }> {
  const { host } = address(target);
  return new Promise((resolve, reject) => {
    const socket = connect(5678, host, () => socket.write(Buffer.from('81090612ff', 'hex')));
    const received: Buffer[] = [];
    socket.setTimeout(1000, () => socket.destroy(new Error(`camera ${target} does not answer`)));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      received.push(chunk);
      const reply = Buffer.concat(received);
      if (reply.length < 11 || reply[1] !== 0x50) return;
      socket.destroy();
      resolve({ pan: nibbles(reply.subarray(2, 6)), tilt: nibbles(reply.subarray(6, 10)) });
    });
  });
}

function nibbles(bytes: Buffer): number {
  const value = bytes.reduce((sum, byte) => (sum << 4) | (byte & 15), 0);
  return value >= 0x8000 ? value - 0x10000 : value;
}

/** The state of a simulated device, asked on the simulator's own control channel. */
export function simulated(control: string, name: string): Promise<Record<string, unknown>> {
  return order(control, `state ${name}`);
}

/** One line to the simulator's control channel, such as `fault camera-1 deaf`, and its answer. */
export function order(control: string, line: string): Promise<Record<string, unknown>> {
  const { host, port } = address(control);
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(`${line}\n`));
    let text = '';
    socket.setTimeout(1000, () =>
      socket.destroy(new Error(`the simulator at ${control} does not answer`)),
    );
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (!text.includes('\n')) return;
      socket.destroy();
      resolve(JSON.parse(text) as Record<string, unknown>);
    });
  });
}
