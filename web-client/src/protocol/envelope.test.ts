// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { parseCloseReason, parseServerMessage, requestText } from './envelope';

const granted = { meeting: 'abcdefgh', member: '64', by: 'chair' };

describe('what the server sends', () => {
  it('is an event with its number and time', () => {
    const text = JSON.stringify({
      ev: 'floor.granted',
      seq: 7,
      at: '2026-11-21T08:30:01.120+07:00',
      d: granted,
    });
    expect(parseServerMessage(text)).toEqual({
      kind: 'event',
      seq: 7,
      event: { name: 'floor.granted', at: '2026-11-21T08:30:01.120+07:00', d: granted },
    });
  });

  it('is a reply or an error to one request', () => {
    expect(parseServerMessage('{"re":4}')).toEqual({ kind: 'reply', re: 4, d: {} });
    expect(parseServerMessage('{"re":4,"err":{"code":"floor.not_held","msg":"no"}}')).toEqual({
      kind: 'error',
      re: 4,
      code: 'floor.not_held',
      text: 'no',
    });
  });

  it('counts as received even where it is not understood', () => {
    expect(parseServerMessage('{"ev":"vote.opened","seq":9,"d":{}}')).toMatchObject({
      kind: 'unknown',
      seq: 9,
    });
    expect(parseServerMessage('{"ev":"floor.granted","seq":9,"d":{"meeting":3}}')).toMatchObject({
      kind: 'unknown',
      seq: 9,
    });
  });

  it.each(['', 'null', '[]', '"x"', '{', '{"re":"4"}', '{"ev":5}', '{}', '{"seq":-1,"ev":"x"}'])(
    'never throws: %s',
    (text) => {
      expect(parseServerMessage(text)).toMatchObject({ kind: 'unknown' });
    },
  );
});

describe('a close', () => {
  it('is obeyed where it says what to do', () => {
    expect(parseCloseReason(4409, '{"next":"stop","code":"auth.replaced"}')).toEqual({
      next: 'stop',
      code: 'auth.replaced',
    });
    expect(parseCloseReason(1001, '{"next":"wait","code":"server.ending"}').next).toBe('wait');
  });

  it.each(['', 'bye', '{"next":"dance","code":"x"}', '{"next":"stop"}'])(
    'without advice is resumed: %s',
    (reason) => {
      expect(parseCloseReason(1006, reason)).toEqual({ next: 'resume', code: 'net.lost' });
    },
  );

  it('for want of a credential is final in any case', () => {
    expect(parseCloseReason(4401, '')).toEqual({ next: 'stop', code: 'auth.required' });
  });
});

describe('a request', () => {
  it('has a name, a number and a body', () => {
    expect(
      JSON.parse(requestText('floor.grant', 3, { meeting: 'abcdefgh', member: '64' })),
    ).toEqual({ op: 'floor.grant', id: 3, d: { meeting: 'abcdefgh', member: '64' } });
  });
});
