// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Hold, Newest, RENEW_MS, type DriveOrder } from './hold';

const CAMERA = { room: '622', device: 'camera' };
const LEFT = { op: 'drive', pan: -50, tilt: 0 } as const;
let sent: DriveOrder[] = [];
let isTaken = true;
const send = (order: DriveOrder) => {
  sent.push(order);
  return Promise.resolve(isTaken);
};

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  isTaken = true;
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a button that is held', () => {
  it('asks at once and again while it is held, and stops when let go', async () => {
    const hold = new Hold(send);
    hold.begin(CAMERA, LEFT);
    await vi.advanceTimersByTimeAsync(2 * RENEW_MS);
    expect(sent.map(({ op }) => op)).toEqual(['drive', 'drive', 'drive']);
    expect(new Set(sent.map(({ press }) => press)).size).toBe(1);
    hold.end();
    expect(sent.at(-1)).toEqual({ ...CAMERA, op: 'stop' });
    hold.end();
    await vi.advanceTimersByTimeAsync(5 * RENEW_MS);
    expect(sent).toHaveLength(4);
  });

  it('stops the first before it moves another, under another number', () => {
    const hold = new Hold(send);
    hold.begin(CAMERA, LEFT);
    hold.begin({ room: '64', device: 'camera' }, { op: 'zoom', zoom: 40 });
    expect(sent.map(({ room, op }) => `${room} ${op}`)).toEqual([
      '622 drive',
      '622 stop',
      '64 zoom',
    ]);
    expect(sent[0]?.press).not.toBe(sent[2]?.press);
    hold.end();
  });

  it('is let go of when it is refused', async () => {
    const hold = new Hold(send);
    isTaken = false;
    hold.begin(CAMERA, LEFT);
    await vi.advanceTimersByTimeAsync(5 * RENEW_MS);
    expect(sent).toHaveLength(1);
    expect(hold.isHeld).toBe(false);
  });

  it('sends a stop whether anything is held or not', () => {
    new Hold(send).stop(CAMERA);
    expect(sent).toEqual([{ ...CAMERA, op: 'stop' }]);
  });
});

describe('a slider', () => {
  it('has one order on its way, then the newest', async () => {
    const answers: ((taken: boolean) => void)[] = [];
    const newest = new Newest((order) => {
      sent.push(order);
      return new Promise((resolve) => answers.push(resolve));
    });
    for (const value of [10, 20, 30])
      void newest.put({ room: '622', device: 'led', op: 'brightness', value });
    expect(sent.map(({ value }) => value)).toEqual([10]);
    answers[0]?.(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent.map(({ value }) => value)).toEqual([10, 30]);
  });
});
