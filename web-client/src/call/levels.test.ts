// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { Levels, meterFraction } from './levels';

describe('levels', () => {
  it('reach only the meters of those who changed', () => {
    const levels = new Levels();
    const seen: [string, number][] = [];
    levels.watch('64', (dbov) => seen.push(['64', dbov]));
    const stop = levels.watch('622', (dbov) => seen.push(['622', dbov]));
    seen.length = 0;
    levels.update([{ member: '64', level: -20 }]);
    levels.update([
      { member: '64', level: -20 },
      { member: '622', level: -30 },
    ]);
    expect(seen).toEqual([
      ['64', -20],
      ['622', -30],
    ]);
    stop();
    levels.update([]);
    expect(seen.at(-1)).toEqual(['64', -127]);
    expect(seen).toHaveLength(3);
  });

  it('are there for a row that is drawn later', () => {
    const levels = new Levels();
    levels.update([{ member: '64', level: -20 }]);
    const seen: number[] = [];
    levels.watch('64', (dbov) => seen.push(dbov));
    expect(seen).toEqual([-20]);
  });

  it('fill a meter between silence and shouting', () => {
    expect([-127, -60, -33, -6, 0].map(meterFraction)).toEqual([0, 0, 0.5, 1, 1]);
  });
});
