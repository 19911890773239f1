// SPDX-License-Identifier: Apache-2.0

/** A failure with a reason that a program can read and a catalogue can explain. */
export class RongError extends Error {
  override readonly name = 'RongError';

  constructor(
    /** A code of the contract, or one of the page's own such as `net.lost`. */
    readonly code: string,
    message = code,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export function codeOf(cause: unknown): string {
  return cause instanceof RongError ? cause.code : 'page.unexpected';
}

/** The end of a switch that has handled every case. */
export function unreachable(value: never): never {
  throw new Error(`unhandled: ${JSON.stringify(value)}`);
}
