// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { openSession, type SessionPort } from './session-api';

interface Asked {
  readonly method: string | undefined;
  readonly body: unknown;
}

type Answer = () => Response;

const WHO = { role: 'chair', name: 'Nguyễn Thị Hạnh', meeting: 'abcdefgh', member: 'chair' };

function json(status: number, body: unknown): Answer {
  return () => new Response(JSON.stringify(body), { status });
}

function problem(status: number, code: string): Answer {
  return json(status, { type: 'about:blank', title: code, status, code });
}

class FakePort implements SessionPort {
  readonly asked: Asked[] = [];
  readonly #answers: Answer[];

  constructor(
    public fragment: string,
    ...answers: Answer[]
  ) {
    this.#answers = answers;
  }

  clearFragment(): void {
    this.fragment = '';
  }

  fetch(path: string, init: RequestInit): Promise<Response> {
    expect(path).toBe('api/v1/session');
    this.asked.push({ method: init.method, body: init.body });
    const answer = this.#answers.shift();
    return answer ? Promise.resolve(answer()) : Promise.reject(new TypeError('no route'));
  }
}

describe('opening the page', () => {
  it('spends the link and takes it out of the address bar', async () => {
    const port = new FakePort('#link=abc-DEF_123', json(200, WHO));
    expect(await openSession(port)).toEqual({ kind: 'session', session: WHO });
    expect(port.asked).toEqual([{ method: 'POST', body: '{"secret":"abc-DEF_123"}' }]);
    expect(port.fragment).toBe('');
  });

  it('goes by the cookie after a reload', async () => {
    const port = new FakePort('', json(200, WHO));
    expect(await openSession(port)).toEqual({ kind: 'session', session: WHO });
    expect(port.asked).toEqual([{ method: 'GET', body: undefined }]);
  });

  it.each([
    [409, 'link.used'],
    [410, 'link.expired'],
    [404, 'link.unknown'],
  ])('says why a link failed: %i %s', async (status, code) => {
    const port = new FakePort('#link=abc', problem(status, code), problem(401, 'auth.required'));
    expect(await openSession(port)).toEqual({ kind: 'refused', code, current: null });
    expect(port.fragment).toBe('');
  });

  it('offers the session that this browser still has', async () => {
    const port = new FakePort('#link=abc', problem(409, 'link.used'), json(200, WHO));
    expect(await openSession(port)).toEqual({ kind: 'refused', code: 'link.used', current: WHO });
  });

  it('asks for a link where there is neither link nor cookie', async () => {
    const port = new FakePort('#something', problem(401, 'auth.required'));
    expect(await openSession(port)).toMatchObject({ kind: 'refused', code: 'auth.required' });
  });

  it('keeps the secret for another try when no server was reached', async () => {
    const port = new FakePort('#link=abc');
    expect(await openSession(port)).toMatchObject({ kind: 'refused', code: 'net.unreachable' });
    expect(port.fragment).toBe('#link=abc');
  });

  it.each([json(200, { role: 'king' }), () => new Response('<html>'), json(502, 'bad gateway')])(
    'trusts no answer that breaks the contract',
    async (answer) => {
      const port = new FakePort('', answer);
      expect(await openSession(port)).toMatchObject({ kind: 'refused', code: 'net.bad_answer' });
    },
  );
});
