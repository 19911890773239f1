// Starts rong-sim alone, with kernel-chosen ports, and ends it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { expectNoFinding } from './sanitizers.ts';

const BIN = process.env.RONG_BIN ?? 'build/release';
const START_TIMEOUT_MS = 10_000;

export class Sim {
  private constructor(
    readonly process: ChildProcess,
    readonly folder: string,
    /** Port by "<device> <udp|tcp>", and "control". */
    readonly ports: ReadonlyMap<string, number>,
    readonly lines: readonly string[],
  ) {}

  /** `devices` are sections of the settings file; `words` come before the options. */
  static async open(devices: string, words: string[] = []): Promise<Sim> {
    const folder = mkdtempSync(join(tmpdir(), 'rong-sim-'));
    const config = join(folder, 'sim.conf');
    writeFileSync(config, `[sim]\ncontrol=127.0.0.1:0\n${devices}`);
    const child = spawn(`${BIN}/rong-sim`, [...words, '--config', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ports = new Map<string, number>();
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill();
        reject(new Error('rong-sim did not start'));
      }, START_TIMEOUT_MS);
      child.once('exit', (code) => {
        reject(new Error(`rong-sim ended with ${code}`));
      });
      createInterface({ input: child.stderr }).on('line', (line) => {
        lines.push(line);
        const device = /device=(\S+)/.exec(line)?.[1];
        for (const [, kind, port] of line.matchAll(/(udp|tcp)_port=(\d+)/g))
          ports.set(`${device} ${kind}`, Number(port));
        const control = /control port=(\d+)/.exec(line)?.[1];
        if (!control) return;
        ports.set('control', Number(control));
        clearTimeout(timer);
        resolve();
      });
    });
    return new Sim(child, folder, ports, lines);
  }

  port(name: string): number {
    const port = this.ports.get(name);
    if (!port) throw new Error(`rong-sim has no ${name}`);
    return port;
  }

  get control(): string {
    return `127.0.0.1:${this.port('control')}`;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('close', resolve));
    this.process.kill();
    await ended;
    expectNoFinding('rong-sim', this.lines.join('\n'));
    rmSync(this.folder, { recursive: true });
  }
}
