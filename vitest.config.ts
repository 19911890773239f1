// SPDX-License-Identifier: Apache-2.0
// Three projects: `web` beside the page's code, `integration` and `e2e` against real daemons.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** Real daemons share one machine: one file at a time, and time enough for two cores. */
const oneAtATime = {
  environment: 'node',
  pool: 'forks' as const,
  poolOptions: { forks: { singleFork: true } },
  testTimeout: 60_000,
  hookTimeout: 120_000,
  setupFiles: ['tests/support/outcome.ts'],
};

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [svelte()],
        resolve: { conditions: ['browser'] },
        test: {
          name: 'web',
          environment: 'node', // views ask for jsdom themselves
          include: ['web-client/src/**/*.test.ts'],
          restoreMocks: true,
          testTimeout: 30_000, // axe over 240 rows, beside a compiler on two cores
        },
      },
      { test: { name: 'integration', include: ['tests/integration/**/*.test.ts'], ...oneAtATime } },
      { test: { name: 'e2e', include: ['tests/e2e/**/*.test.ts'], ...oneAtATime } },
    ],
  },
});
