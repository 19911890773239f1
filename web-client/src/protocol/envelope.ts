// SPDX-License-Identifier: Apache-2.0
// The only place where text from the server becomes a typed message.
import { findFault, type Field } from './fields';
import {
  CLOSE_REASON_FIELDS,
  ENVELOPE_FIELDS,
  isBody,
  isMessageName,
  type CloseReason,
  type Envelope,
  type Events,
  type Requests,
} from './messages.gen';

export type EventName = keyof Events;

/** An event, its name tied to its body. */
export type ServerEvent = {
  [Name in EventName]: {
    readonly name: Name;
    readonly d: Events[Name];
    /** Server's time, RFC 3339. */
    readonly at: string | null;
  };
}[EventName];

export type ServerMessage =
  | { readonly kind: 'event'; readonly event: ServerEvent; readonly seq: number | null }
  | { readonly kind: 'reply'; readonly re: number; readonly d: unknown }
  | { readonly kind: 'error'; readonly re: number; readonly code: string; readonly text: string }
  /** From a newer server, or a fault of it: its number counts as received, nothing else happens. */
  | { readonly kind: 'unknown'; readonly seq: number | null; readonly reason: string };

type WithBody = Envelope & { readonly d?: unknown };

/** JSON whose fields are as the contract says, else null. */
function parse(fields: readonly Field[], text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return findFault(fields, value) === null ? value : null;
  } catch {
    return null;
  }
}

function readEvent(message: WithBody, name: string): ServerMessage {
  const { seq = null, at = null, d = {} } = message;
  if (!isMessageName(name)) return { kind: 'unknown', seq, reason: `unknown event ${name}` };
  if (!isBody(name, d)) return { kind: 'unknown', seq, reason: `bad body of ${name}` };
  return { kind: 'event', seq, event: { name, d, at } as unknown as ServerEvent };
}

/** Reads one message of the server; never throws. */
export function parseServerMessage(text: string): ServerMessage {
  const message = parse(ENVELOPE_FIELDS, text) as WithBody | null;
  if (!message) return { kind: 'unknown', seq: null, reason: 'not an envelope' };
  const { ev, re, err, d = {} } = message;
  if (ev !== undefined) return readEvent(message, ev);
  if (re === undefined) return { kind: 'unknown', seq: null, reason: 'neither event nor reply' };
  if (err) return { kind: 'error', re, code: err.code, text: err.msg ?? err.code };
  return { kind: 'reply', re, d };
}

export function requestText<Name extends keyof Requests>(
  name: Name,
  id: number,
  d: Requests[Name]['d'],
): string {
  return JSON.stringify({ op: name, id, d });
}

/** What a close asks of us. A connection that just broke is resumed. */
export function parseCloseReason(status: number, reason: string): CloseReason {
  const known = parse(CLOSE_REASON_FIELDS, reason) as CloseReason | null;
  if (known) return known;
  return status === 4401
    ? { next: 'stop', code: 'auth.required' }
    : { next: 'resume', code: 'net.lost' };
}
