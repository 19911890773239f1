// SPDX-License-Identifier: Apache-2.0
// The only place where text from the server becomes a typed message.
import { isBody, isMessageName, type Events, type Requests } from './messages.gen';

export type EventName = keyof Events;

/** An event, its name tied to its body. */
export type ServerEvent = {
  [Name in EventName]: {
    readonly name: Name;
    readonly d: Events[Name];
    /** Server's time, RFC 3339. */
    readonly at: string | null;
    readonly seq: number | null;
  };
}[EventName];

export type ServerMessage =
  | { readonly kind: 'event'; readonly event: ServerEvent }
  | { readonly kind: 'reply'; readonly re: number; readonly d: unknown }
  | { readonly kind: 'error'; readonly re: number; readonly code: string; readonly text: string }
  /** Kept: its number is acknowledged; ignored otherwise (a newer server, or a fault of it). */
  | { readonly kind: 'unknown'; readonly seq: number | null; readonly reason: string };

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function readEvent(message: Readonly<Record<string, unknown>>, name: string): ServerMessage {
  const seq = typeof message.seq === 'number' ? message.seq : null;
  const at = typeof message.at === 'string' ? message.at : null;
  if (!isMessageName(name)) return { kind: 'unknown', seq, reason: `unknown event ${name}` };
  const d = message.d ?? {};
  if (!isBody(name, d)) return { kind: 'unknown', seq, reason: `bad body of ${name}` };
  return { kind: 'event', event: { name, d, at, seq } as unknown as ServerEvent };
}

/** Reads one message of the server; never throws. */
export function parseServerMessage(text: string): ServerMessage {
  const message = parseJson(text);
  if (!isRecord(message)) return { kind: 'unknown', seq: null, reason: 'not a JSON object' };
  if (typeof message.ev === 'string') return readEvent(message, message.ev);
  if (typeof message.re !== 'number') {
    return { kind: 'unknown', seq: null, reason: 'neither event nor reply' };
  }
  const err = message.err;
  if (isRecord(err)) {
    const code = typeof err.code === 'string' ? err.code : 'proto.internal';
    const reason = typeof err.msg === 'string' ? err.msg : code;
    return { kind: 'error', re: message.re, code, text: reason };
  }
  return { kind: 'reply', re: message.re, d: message.d ?? {} };
}

export function requestText<Name extends keyof Requests>(
  name: Name,
  id: number,
  d: Requests[Name]['d'],
): string {
  return JSON.stringify({ op: name, id, d });
}

/** What a close asks of us, from its reason: `{"next":"resume","code":"…"}`. */
export type CloseNext = 'resume' | 'rejoin' | 'wait' | 'stop';

export interface CloseAdvice {
  readonly next: CloseNext;
  readonly code: string;
}

const NEXT: readonly string[] = ['resume', 'rejoin', 'wait', 'stop'];

/** A connection that just broke, or a reason we do not know, is resumed. */
export function parseCloseReason(status: number, reason: string): CloseAdvice {
  const advice = parseJson(reason);
  const code = isRecord(advice) && typeof advice.code === 'string' ? advice.code : 'net.lost';
  if (isRecord(advice) && typeof advice.next === 'string' && NEXT.includes(advice.next)) {
    return { next: advice.next as CloseNext, code };
  }
  return {
    next: status === 4401 ? 'stop' : 'resume',
    code: status === 4401 ? 'auth.required' : code,
  };
}
