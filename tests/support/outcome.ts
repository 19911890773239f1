// How the tests of this file went so far: what they leave behind is kept only for those that fail.
import { afterEach } from 'vitest';

let passed = 0;
let failed = 0;

/** False also when none came to run: then the reason is in what they leave. */
export function allPassed(): boolean {
  return passed > 0 && failed === 0;
}

/** Loaded before each file of tests (vitest.config.ts). */
afterEach(({ task }) => {
  if (task.result?.state === 'fail') failed++;
  else passed++;
});
