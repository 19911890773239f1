// SPDX-License-Identifier: Apache-2.0
// The link's secret becomes a session; after that the cookie says who this is.
import { codeOf, RongError } from '../base/errors';
import { findFault } from '../protocol/fields';
import {
  isReply,
  PROBLEM_FIELDS,
  type Problem,
  type RestSessionGetReply,
} from '../protocol/messages.gen';

export type Session = RestSessionGetReply;

/** What came of opening the page. */
export type SessionOutcome =
  | { readonly kind: 'session'; readonly session: Session }
  /** The link failed; `current` is whom the cookie of this browser still stands for, if anybody. */
  | { readonly kind: 'refused'; readonly code: string; readonly current: Session | null };

/** The browser's parts that this needs; the page gives its own. */
export interface SessionPort {
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** With its leading `#`. */
  readonly fragment: string;
  /** Takes the secret out of the address bar and the history. */
  clearFragment(): void;
}

const PATH = 'api/v1/session';
const SECRET = /(?:^#|&)link=([A-Za-z0-9_-]{1,64})(?:&|$)/;

async function problemOf(response: Response): Promise<RongError> {
  const problem: unknown = await response.json().catch(() => null);
  if (findFault(PROBLEM_FIELDS, problem) === null) return new RongError((problem as Problem).code);
  return new RongError(response.status === 401 ? 'auth.required' : 'net.bad_answer');
}

async function ask(port: SessionPort, init: RequestInit): Promise<Response> {
  try {
    return await port.fetch(PATH, { credentials: 'same-origin', cache: 'no-store', ...init });
  } catch (cause) {
    throw new RongError('net.unreachable', undefined, { cause });
  }
}

async function readSession(response: Response, name: 'rest.session_create' | 'rest.session_get') {
  if (!response.ok) throw await problemOf(response);
  const body: unknown = await response.json().catch(() => null);
  if (!isReply(name, body)) throw new RongError('net.bad_answer');
  return body;
}

/** Spends a secret; the cookie comes with the answer. Throws RongError. */
async function spendLink(port: SessionPort, secret: string): Promise<Session> {
  const response = await ask(port, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ secret }),
  });
  // Any answer of the server spends or refuses the secret; only an unreachable server leaves it for a reload.
  port.clearFragment();
  return readSession(response, 'rest.session_create');
}

/** Whom the cookie stands for. Throws RongError, `auth.required` for nobody. */
async function currentSession(port: SessionPort): Promise<Session> {
  return readSession(await ask(port, { method: 'GET' }), 'rest.session_get');
}

/** Opens the page's session from its link, or else from its cookie. Never throws. */
export async function openSession(port: SessionPort): Promise<SessionOutcome> {
  const secret = SECRET.exec(port.fragment)?.[1];
  try {
    const session = secret ? await spendLink(port, secret) : await currentSession(port);
    return { kind: 'session', session };
  } catch (cause) {
    const code = codeOf(cause);
    const current = code.startsWith('link.') ? await currentSession(port).catch(() => null) : null;
    return { kind: 'refused', code, current };
  }
}

/** Forgets the session, here and on the server. Never throws: the person leaves in any case. */
export async function closeSession(port: SessionPort): Promise<void> {
  await ask(port, { method: 'DELETE' }).catch(() => null);
}
