// SPDX-License-Identifier: Apache-2.0
import { Backoff } from '../base/backoff';
import { Emitter } from '../base/emitter';
import { codeOf, RongError, unreachable } from '../base/errors';
import {
  parseCloseReason,
  parseServerMessage,
  requestText,
  type ServerEvent,
} from '../protocol/envelope';
import {
  isReply,
  type CloseReason,
  type HelloReply,
  type Requests as RequestMap,
} from '../protocol/messages.gen';
import { Requests } from './requests';

/** The part of WebSocket that is used; tests give their own. */
export type Socket = Pick<WebSocket, 'send' | 'close' | 'onopen' | 'onmessage' | 'onclose'>;

export interface ConnectionOptions {
  readonly createSocket: () => Socket;
  readonly client: { readonly name: string; readonly version: string };
  readonly random?: () => number;
}

export type ConnectionStatus =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** Lost; tried again by itself. `code` says why. */
  | { readonly kind: 'lost'; readonly code: string }
  /** The server says that trying again makes no sense. */
  | { readonly kind: 'stopped'; readonly code: string };

interface ConnectionEvents {
  status: ConnectionStatus;
  /** After each hello; `resumed` says whether what we know is still good. */
  welcome: HelloReply;
  event: ServerEvent;
  /** Something came that the contract does not know. */
  oddity: string;
}

const REQUEST_TIMEOUT_MS = 10_000;
const HELLO_TIMEOUT_MS = 6_000;
const RETRY = { firstMs: 400, maxMs: 4_000 };
/** After `wait` the server is starting anew or is busy: come back later, and not all at once. */
const WAIT_EXTRA_MS = 1_000;

/** A WebSocket that says hello, resumes, and comes back as its closes advise, until it is closed. */
export class Connection extends Emitter<ConnectionEvents> {
  readonly #options: ConnectionOptions;
  readonly #requests = new Requests();
  readonly #backoff: Backoff;
  #socket: Socket | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #resume: { readonly sid: string; ack: number } | null = null;
  #isOpen = false;
  #closed = false;

  constructor(options: ConnectionOptions) {
    super();
    this.#options = options;
    this.#backoff = new Backoff(options.random ? { ...RETRY, random: options.random } : RETRY);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Connects, now; also takes over again after `stopped`. */
  open(): void {
    if (this.#socket || this.#closed) return;
    this.#clearTimer();
    this.emit('status', { kind: 'connecting' });
    const socket = this.#options.createSocket();
    this.#socket = socket;
    this.#timer = setTimeout(() => {
      this.#lose(socket, { next: 'resume', code: 'net.timeout' });
    }, HELLO_TIMEOUT_MS);
    socket.onopen = () => {
      void this.#hello(socket);
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') this.#receive(data);
    };
    socket.onclose = ({ code, reason }) => {
      this.#lose(socket, parseCloseReason(code, reason));
    };
  }

  /** Tries at once instead of at the end of the wait: the network came back, or the person asked. */
  retryNow(): void {
    if (this.#closed || this.#socket) return;
    this.#backoff.reset();
    this.open();
  }

  /** Rejects with RongError: the server's code, `net.lost` or `net.timeout`. */
  async request<Name extends keyof RequestMap>(
    name: Name,
    d: RequestMap[Name]['d'],
  ): Promise<RequestMap[Name]['reply']> {
    if (!this.#isOpen) throw new RongError('net.lost');
    return this.#send(name, d);
  }

  /** For good; leaves no socket or timer behind. */
  close(): void {
    this.#closed = true;
    this.#clearTimer();
    this.#requests.failAll('net.lost');
    this.#dropSocket(1000);
    this.#isOpen = false;
  }

  async #hello(socket: Socket): Promise<void> {
    try {
      const welcome = await this.#send('hello', {
        versions: [1],
        client: this.#options.client,
        ...(this.#resume ? { resume: { ...this.#resume } } : {}),
      });
      if (socket !== this.#socket) return;
      this.#clearTimer();
      this.#backoff.reset();
      const ack = welcome.resumed && this.#resume ? this.#resume.ack : 0;
      this.#resume = { sid: welcome.sid, ack };
      this.#isOpen = true;
      this.emit('welcome', welcome);
      this.emit('status', { kind: 'open' });
    } catch (cause) {
      const code = codeOf(cause);
      const stop = code === 'auth.required' || code === 'proto.version';
      this.#lose(socket, { next: stop ? 'stop' : 'resume', code });
    }
  }

  async #send<Name extends keyof RequestMap>(
    name: Name,
    d: RequestMap[Name]['d'],
  ): Promise<RequestMap[Name]['reply']> {
    const reply = await this.#requests.start((id) => {
      this.#socket?.send(requestText(name, id, d));
    }, REQUEST_TIMEOUT_MS);
    if (!isReply(name, reply)) throw new RongError('net.bad_answer');
    return reply;
  }

  #receive(text: string): void {
    const message = parseServerMessage(text);
    switch (message.kind) {
      case 'event':
        this.#acknowledge(message.seq);
        this.emit('event', message.event);
        return;
      case 'reply':
        this.#requests.reply(message.re, message.d);
        return;
      case 'error':
        this.#requests.fail(message.re, new RongError(message.code, message.text));
        return;
      case 'unknown':
        this.#acknowledge(message.seq);
        this.emit('oddity', message.reason);
        return;
      default:
        unreachable(message);
    }
  }

  #acknowledge(seq: number | null): void {
    if (seq !== null && this.#resume) this.#resume.ack = seq;
  }

  #lose(socket: Socket, advice: CloseReason): void {
    if (socket !== this.#socket) return;
    this.#clearTimer();
    this.#dropSocket(1000);
    this.#isOpen = false;
    this.#requests.failAll('net.lost');
    if (advice.next === 'rejoin' || advice.next === 'stop') this.#resume = null;
    if (advice.next === 'stop') {
      this.emit('status', { kind: 'stopped', code: advice.code });
      return;
    }
    this.emit('status', { kind: 'lost', code: advice.code });
    const extra = advice.next === 'wait' ? WAIT_EXTRA_MS : 0;
    this.#timer = setTimeout(() => {
      this.open();
    }, this.#backoff.nextMs() + extra);
  }

  #dropSocket(code: number): void {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close(code);
  }

  #clearTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
