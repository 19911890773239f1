// Starts the real house (tools/demo.py) on a loopback network of its own, and ends it.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { allPassed } from './outcome.ts';
import { expectNoFinding } from './sanitizers.ts';

const run = promisify(execFile);
const BIN = process.env.RONG_BIN ?? 'build/release';
const START_TIMEOUT_MS = 90_000;

/** The JSON object of the demo's RONG_DEMO line. */
export interface Demo {
  url: string;
  chair_url: string;
  technician_url: string;
  api_token: string;
  meeting: string;
  rooms: string[];
  room_pages: string[];
  sims: { visca: string[]; novastar: string[]; control: string };
  metrics: { signal: string; mcu: string };
  dir: string;
  pids: Record<string, number>;
}

export class House {
  readonly #process: ChildProcess;

  private constructor(
    process: ChildProcess,
    readonly demo: Demo,
  ) {
    this.#process = process;
  }

  static async open(rooms = 3): Promise<House> {
    const { net, port } = await freeNetwork();
    const dir = `build/test/house-${net}`;
    const child = spawn(
      'python3',
      [
        'tools/demo.py',
        '--rooms',
        `${rooms}`,
        '--net',
        net,
        '--port',
        `${port}`,
        '--dir',
        dir,
        '--bin',
        BIN,
        '--media-addresses',
        `${net}.0.1`,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const demo = await new Promise<Demo>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGINT');
        reject(new Error(`the house did not open within ${START_TIMEOUT_MS} ms: ${said}`));
      }, START_TIMEOUT_MS);
      createInterface({ input: child.stdout }).on('line', (line) => {
        said += `${line}\n`;
        if (!line.startsWith('RONG_DEMO ')) return;
        clearTimeout(timer);
        resolve(JSON.parse(line.slice('RONG_DEMO '.length)) as Demo);
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`the demo ended with ${code}: ${said}`));
      });
    });
    return new House(child, demo);
  }

  /** The process ids of now: a program that died was started again with another. */
  pids(): Record<string, number> {
    return JSON.parse(readFileSync(`${this.demo.dir}/pids.json`, 'utf8')) as Record<string, number>;
  }

  pid(name: string): number {
    const pid = this.pids()[name];
    if (pid === undefined) throw new Error(`no program ${name}`);
    return pid;
  }

  /** The pid of the media process of room 1, 2 or 3: a child of its rong-room. */
  mediaPid(room: number): number {
    const core = this.pid(`room-${room}`);
    const children = readFileSync(`/proc/${core}/task/${core}/children`, 'utf8').trim();
    return Number(children.split(' ')[0]);
  }

  /** The administrator's command line. */
  async rong(...args: string[]): Promise<unknown> {
    const { stdout } = await run(`${BIN}/rong`, [
      '--config',
      `${this.demo.dir}/signal.conf`,
      '--json',
      ...args,
    ]);
    return JSON.parse(stdout);
  }

  /** `rong-room ask` in a shell of the box. */
  async askForTheFloor(room: number): Promise<string> {
    const { stdout } = await run(`${BIN}/rong-room`, [
      'ask',
      '--config',
      `${this.demo.dir}/room-${room}.conf`,
    ]);
    return stdout;
  }

  /** `rong-room drive` in a shell of the box. */
  async driveByShell(room: number, ...words: string[]): Promise<void> {
    await run(`${BIN}/rong-room`, [
      'drive',
      ...words,
      '--config',
      `${this.demo.dir}/room-${room}.conf`,
    ]);
  }

  log(program: string): string {
    return readFileSync(`${this.demo.dir}/${program}.log`, 'utf8');
  }

  /** Its files go with it when all tests of the file passed. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGINT');
    await ended;
    for (const file of readdirSync(this.demo.dir).filter((name) => name.endsWith('.log'))) {
      const path = `${this.demo.dir}/${file}`;
      expectNoFinding(path, readFileSync(path, 'utf8'));
    }
    if (!allPassed()) return;
    rmSync(this.demo.dir, { recursive: true });
    rmSync(`${this.demo.dir}.lock`, { force: true });
  }
}

/** The first two numbers of a loopback network, and a pair of ports there, that nobody uses now. */
async function freeNetwork(): Promise<{ net: string; port: number }> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const net = `127.${1 + Math.floor(Math.random() * 254)}`;
    const port = await listensOn(`${net}.0.1`, 0); // the machines' port is the next one
    if (port > 0 && (await listensOn(`${net}.0.1`, port + 1)) > 0) return { net, port };
  }
  throw new Error('no free loopback network');
}

/** The port that a server could have, 0 if it could not. */
function listensOn(host: string, port: number): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(0));
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

/** Polls until `probe` gives a truthy value; the deadline makes it an error that says what was missing. */
export async function until<T>(
  what: string,
  ms: number,
  probe: () => Promise<T> | T,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const value: unknown = await probe();
      if (value) return value as NonNullable<T>;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${ms} ms (last: ${String(last)})`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
