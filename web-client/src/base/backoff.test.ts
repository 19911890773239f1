// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { Backoff } from './backoff';

describe('backoff', () => {
  it('doubles up to its limit, and begins anew after a success', () => {
    const backoff = new Backoff({ firstMs: 400, maxMs: 4000, random: () => 1 });
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.nextMs())).toEqual([
      400, 800, 1600, 3200, 4000, 4000,
    ]);
    backoff.reset();
    expect(backoff.nextMs()).toBe(400);
  });

  it('spreads a crowd over half of each step', () => {
    const early = new Backoff({ firstMs: 400, maxMs: 4000, random: () => 0 });
    const late = new Backoff({ firstMs: 400, maxMs: 4000, random: () => 0.999 });
    expect(early.nextMs()).toBe(200);
    expect(late.nextMs()).toBe(400);
  });
});
