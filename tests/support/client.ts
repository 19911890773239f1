// A browser without a screen: REST with the house's own authority, a session by link, the WebSocket.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { WebSocket } from 'ws';

import type { Demo } from './house.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Record<string, unknown>;
}

/** One REST call. Bodies that are not JSON come back as { text }. */
export function rest(
  demo: Demo,
  method: string,
  path: string,
  options: { body?: unknown; type?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const body =
    options.body === undefined
      ? undefined
      : typeof options.body === 'string'
        ? options.body
        : JSON.stringify(options.body);
  const headers: Record<string, string> = { ...options.headers };
  if (body !== undefined) {
    headers['content-type'] = options.type ?? 'application/json';
    headers['content-length'] = `${Buffer.byteLength(body)}`;
  }
  return new Promise((resolve, reject) => {
    const call = request(
      new URL(path, demo.url),
      { method, headers, ca: authority(demo) },
      (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          let parsed: Record<string, unknown>;
          try {
            parsed = text ? (JSON.parse(text) as Record<string, unknown>) : {};
          } catch {
            parsed = { text };
          }
          resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: parsed });
        });
      },
    );
    call.setTimeout(5000, () => call.destroy(new Error(`${method} ${path}: no answer`)));
    call.on('error', reject);
    call.end(body);
  });
}

export function admin(demo: Demo): Record<string, string> {
  return { authorization: `Bearer ${demo.api_token}` };
}

function authority(demo: Demo): Buffer {
  return readFileSync(`${demo.dir}/signal/ca.pem`);
}

export function secretOf(url: string): string {
  return new URL(url).hash.replace('#link=', '');
}

/** Spends a one-time link; the cookie of the session. */
export async function spend(demo: Demo, url: string): Promise<string> {
  const answer = await rest(demo, 'POST', '/api/v1/session', { body: { secret: secretOf(url) } });
  if (answer.status >= 300) throw new Error(`the link was refused: ${JSON.stringify(answer.body)}`);
  const [cookie] = answer.headers['set-cookie'] ?? [];
  return (cookie ?? '').split(';')[0] ?? '';
}

interface Incoming {
  re?: number;
  d?: Record<string, unknown>;
  err?: { code: string; msg: string };
  ev?: string;
  seq?: number;
}

/** A WebSocket session of subprotocol rong.v1. */
export class Client {
  /** Events, and replies to what was not asked with ask(). */
  readonly events: Incoming[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Incoming) => void>();
  #id = 0;
  /** Set when the server closed: its code and its JSON reason. */
  closed: { code: number; reason: string } | null = null;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Incoming;
      const waiting = this.#waiting.get(message.re ?? 0);
      if (!waiting) {
        this.events.push(message);
        return;
      }
      this.#waiting.delete(message.re ?? 0);
      waiting(message);
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      for (const resolve of this.#waiting.values())
        resolve({ err: { code: 'closed', msg: reason.toString() } });
    });
    socket.on('error', () => undefined); // the close that follows says it
  }

  static open(demo: Demo, cookie?: string, origin?: string): Promise<Client> {
    const url = new URL('/ws', demo.url.replace('https:', 'wss:'));
    const headers: Record<string, string> = cookie ? { cookie } : {};
    const socket = new WebSocket(url, 'rong.v1', {
      ca: authority(demo),
      headers,
      origin: origin ?? demo.url.replace(/\/$/, ''),
    });
    return new Promise((resolve, reject) => {
      const client = new Client(socket);
      socket.once('open', () => resolve(client));
      socket.once('error', reject);
    });
  }

  /** Opens, and says hello. */
  static async hello(
    demo: Demo,
    cookie: string,
    resume?: { sid: string; ack: number },
  ): Promise<{ client: Client; hello: Record<string, unknown> }> {
    const client = await Client.open(demo, cookie);
    const answer = await client.ask('hello', {
      versions: [1],
      client: { name: 'test', version: '0' },
      ...(resume ? { resume } : {}),
    });
    if (answer.err) throw new Error(`hello was refused: ${answer.err.code}`);
    return { client, hello: answer.d ?? {} };
  }

  ask(op: string, d: unknown = {}): Promise<Incoming> {
    const id = ++this.#id;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.raw(JSON.stringify({ op, id, d }));
    });
  }

  raw(text: string | Buffer): void {
    this.#socket.send(text);
  }

  event(name: string): Incoming | undefined {
    return this.events.find((message) => message.ev === name);
  }

  close(): void {
    this.#socket.terminate();
  }
}
