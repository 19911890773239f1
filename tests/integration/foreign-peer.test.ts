// A member that shares no code with the house: GStreamer's webrtcbin, through the real daemons.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { admin, Client, rest, spend } from '../support/client.ts';
import { House, until } from '../support/house.ts';

const BIN = process.env.RONG_BIN ?? 'build/release';

let house: House;
let delegate: Client;
let member: string;
const closing: (() => Promise<void> | void)[] = [];

interface Report {
  connected: boolean;
  audio_rtp: number;
  video_rtp: number;
  video_frames: number;
  width: number;
}

class WebrtcBin {
  readonly #process: ChildProcess;
  offer: string | null = null;
  last: Report | null = null;

  constructor() {
    this.#process = spawn(`${BIN}/rong-test-webrtcbin`, { stdio: ['pipe', 'pipe', 'ignore'] });
    if (!this.#process.stdout) throw new Error('no output');
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as Partial<Report> & { offer?: string };
      if (said.offer !== undefined) this.offer = said.offer;
      else this.last = said as Report;
    });
  }

  answer(sdp: string): void {
    this.#process.stdin?.write(`${JSON.stringify({ answer: sdp })}\n`);
  }

  close(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()));
    this.#process.stdin?.end();
    return this.#process.exitCode === null ? ended : Promise.resolve();
  }
}

async function connected(): Promise<boolean> {
  const { body } = await rest(house.demo, 'GET', `/api/v1/meetings/${house.demo.meeting}`, {
    headers: admin(house.demo),
  });
  const { members } = body as unknown as { members: { id: string; connected: boolean }[] };
  return members.some(({ id, connected: is }) => id === member && is);
}

async function counter(name: string): Promise<number> {
  const text = await (await fetch(house.demo.metrics.mcu)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
}

beforeAll(async () => {
  house = await House.open();
  closing.push(() => house.close());
  const link = (await house.rong(
    'link',
    'delegate',
    house.demo.meeting,
    '--name',
    'webrtcbin',
  )) as {
    url: string;
    member: string;
  };
  member = link.member;
  ({ client: delegate } = await Client.hello(house.demo, await spend(house.demo, link.url)));
  closing.push(() => delegate.close());
}, 120_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
}, 30_000);

describe('webrtcbin', () => {
  let peer: WebrtcBin;
  afterEach(() => peer.close());

  it('receives the mixed sound and the composed picture, and is a member like any other', async () => {
    peer = new WebrtcBin();
    const sdp = await until('an offer', 10_000, () => peer.offer);
    const answer = await delegate.ask('media.offer', { meeting: house.demo.meeting, sdp });
    expect(answer.err).toBeUndefined();
    peer.answer(String(answer.d?.sdp));
    await until('webrtcbin connected', 10_000, () => peer.last?.connected);
    await until('pictures', 10_000, () => (peer.last?.video_frames ?? 0) > 25);
    await until('sound', 10_000, () => (peer.last?.audio_rtp ?? 0) > 50);
    expect(peer.last?.width).toBe(1280);
    await until('its place in the roster', 5_000, connected);
  });

  it('whose certificate is not the one of its offer is refused and counted', async () => {
    peer = new WebrtcBin();
    const before = await counter('mcu_peers_failed_total');
    const sdp = await until('an offer', 10_000, () => peer.offer);
    const forged = sdp.replace(
      /a=fingerprint:sha-256 [0-9A-F:]+/g,
      `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
    );
    const answer = await delegate.ask('media.offer', { meeting: house.demo.meeting, sdp: forged });
    peer.answer(String(answer.d?.sdp));
    await until(
      'the refusal',
      10_000,
      async () => (await counter('mcu_peers_failed_total')) > before,
    );
    expect(house.log('rong-mcu')).toContain('dtls.fingerprint_mismatch');
    expect(peer.last?.video_frames ?? 0).toBe(0);
    expect(await connected()).toBe(false);
  });
});
