// SPDX-License-Identifier: Apache-2.0

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** From 0 to 1; injected so that tests know the outcome. */
  readonly random?: () => number;
}

/** How long to wait before the next attempt: doubling, with jitter so that a crowd does not return at once. */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempt = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Between half of the step and the whole of it. */
  nextMs(): number {
    const { firstMs, maxMs, random = Math.random } = this.#options;
    const step = Math.min(maxMs, firstMs * 2 ** this.#attempt);
    this.#attempt += 1;
    return Math.round(step * (0.5 + random() / 2));
  }

  reset(): void {
    this.#attempt = 0;
  }
}
