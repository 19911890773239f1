// GStreamer's webrtcbin as a member: rong-test-webrtcbin behind a session's media.offer.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const BIN = process.env.RONG_BIN ?? 'build/release';

/** What it received so far, in packets and decoded frames. */
export interface Received {
  connected: boolean;
  audio_rtp: number;
  audio_frames: number;
  video_rtp: number;
  video_frames: number;
  width: number;
  height: number;
}

export class Webrtcbin {
  readonly offer: Promise<string>;
  received: Received | null = null;
  readonly #process: ChildProcessWithoutNullStreams;

  constructor() {
    this.#process = spawn(`${BIN}/rong-test-webrtcbin`);
    this.#process.stderr.resume();
    this.offer = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('exit', (code) => reject(new Error(`webrtcbin ended with ${code}`)));
      createInterface({ input: this.#process.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as Received | { offer: string };
        if ('offer' in line) resolve(line.offer);
        else this.received = line;
      });
    });
  }

  answer(sdp: string): void {
    this.#process.stdin.write(`${JSON.stringify({ answer: sdp })}\n`);
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin.end();
    await ended;
  }
}
