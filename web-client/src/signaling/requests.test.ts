// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { RongError } from '../base/errors';
import { Requests } from './requests';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('requests', () => {
  it('match replies by number, in whatever order they come', async () => {
    const requests = new Requests();
    const ids: number[] = [];
    const first = requests.start((id) => ids.push(id), 1000);
    const second = requests.start((id) => ids.push(id), 1000);
    requests.reply(ids[1] ?? 0, 'b');
    requests.reply(ids[0] ?? 0, 'a');
    expect(await Promise.all([first, second])).toEqual(['a', 'b']);
    expect(requests.pending).toBe(0);
  });

  it('end in time', async () => {
    const requests = new Requests();
    const answer = requests.start(() => undefined, 1000);
    const outcome = expect(answer).rejects.toMatchObject({ code: 'net.timeout' });
    await vi.advanceTimersByTimeAsync(1000);
    await outcome;
    requests.reply(1, 'too late');
    expect(requests.pending).toBe(0);
  });

  it('all end when the connection does, and leave no timer', async () => {
    const requests = new Requests();
    const answers = [1, 2].map(() => requests.start(() => undefined, 1000));
    const outcomes = answers.map((answer) =>
      expect(answer).rejects.toMatchObject({ code: 'net.lost' }),
    );
    requests.failAll('net.lost');
    await Promise.all(outcomes);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('carry the error of the server', async () => {
    const requests = new Requests();
    const answer = requests.start(() => undefined, 1000);
    requests.fail(1, new RongError('floor.not_held'));
    await expect(answer).rejects.toMatchObject({ code: 'floor.not_held' });
  });
});
