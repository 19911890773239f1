// SPDX-License-Identifier: Apache-2.0
import type { Unsubscribe } from '../base/emitter';
import type { MemberLevel } from '../protocol/messages.gen';

const SILENCE_DBOV = -127;

/** dBov → 0…1 for a meter: speech lies between −60 and −6. */
export function meterFraction(dbov: number): number {
  return Math.min(1, Math.max(0, (dbov + 60) / 54));
}

/**
 * How loud each member is. Not part of the page's state: four times a second only the meters of those
 * who changed are touched, not the whole roster.
 */
export class Levels {
  readonly #watchers = new Map<string, Set<(dbov: number) => void>>();
  #loud = new Map<string, number>();

  watch(member: string, watcher: (dbov: number) => void): Unsubscribe {
    const watchers = this.#watchers.get(member) ?? new Set();
    this.#watchers.set(member, watchers.add(watcher));
    watcher(this.#loud.get(member) ?? SILENCE_DBOV);
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) this.#watchers.delete(member);
    };
  }

  /** Who is not in the list is silent. */
  update(levels: readonly MemberLevel[]): void {
    const before = this.#loud;
    this.#loud = new Map(levels.map(({ member, level }) => [member, level]));
    for (const [member, level] of this.#loud) {
      if (before.get(member) !== level) this.#tell(member, level);
    }
    for (const member of before.keys()) {
      if (!this.#loud.has(member)) this.#tell(member, SILENCE_DBOV);
    }
  }

  #tell(member: string, dbov: number): void {
    for (const watcher of this.#watchers.get(member) ?? []) watcher(dbov);
  }
}
