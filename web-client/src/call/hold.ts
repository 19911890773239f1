// SPDX-License-Identifier: Apache-2.0
// Driving by hand. What turns goes on only while somebody asks again and again: the room lets go after
// a second, whoever died.
import type { Requests } from '../protocol/messages.gen';

export type DriveOrder = Requests['room.drive']['d'];
export type SendOrder = (order: DriveOrder) => Promise<boolean>;

export interface DeviceTarget {
  readonly room: string;
  readonly device: string;
}

export type Motion =
  | { readonly op: 'drive'; readonly pan: number; readonly tilt: number }
  | { readonly op: 'zoom'; readonly zoom: number };

export const RENEW_MS = 300;

/** One pair of hands: at most one device moves, for as long as one button is held. */
export class Hold {
  readonly #send: SendOrder;
  #held: DeviceTarget | null = null;
  #press: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(send: SendOrder, now: () => number = Date.now) {
    this.#send = send;
    // Another page, or this one after a reload, does not use the same numbers.
    this.#press = now() * 1000;
  }

  get isHeld(): boolean {
    return this.#held !== null;
  }

  begin(target: DeviceTarget, motion: Motion): void {
    this.end();
    this.#press += 1;
    this.#held = target;
    const order = { ...target, ...motion, press: this.#press };
    const renew = async (): Promise<void> => {
      // Somebody pressed stop, or the device is gone: holding on would only repeat it.
      if (!(await this.#send(order)) && this.#press === order.press) this.#letGo();
    };
    this.#timer = setInterval(() => void renew(), RENEW_MS);
    void renew();
  }

  /** Let go: what was held stops. */
  end(): void {
    const held = this.#held;
    if (held) this.stop(held);
  }

  /** Sent whether anything is held or not: somebody else may be moving it. */
  stop(target: DeviceTarget): void {
    this.#letGo();
    void this.#send({ ...target, op: 'stop' });
  }

  #letGo(): void {
    clearInterval(this.#timer);
    this.#held = null;
  }
}

/** For a slider: one order at a time on its way, and after it the newest, not all between. */
export class Newest {
  readonly #send: SendOrder;
  #isUnderWay = false;
  #isDone = true;
  #next: DriveOrder | null = null;

  constructor(send: SendOrder) {
    this.#send = send;
  }

  /** Whether the newest was done; null: another call waits for that. */
  async put(order: DriveOrder): Promise<boolean | null> {
    this.#next = order;
    if (this.#isUnderWay) return null;
    this.#isUnderWay = true;
    for (let next = this.#take(); next; next = this.#take()) this.#isDone = await this.#send(next);
    this.#isUnderWay = false;
    return this.#isDone;
  }

  #take(): DriveOrder | null {
    const next = this.#next;
    this.#next = null;
    return next;
  }
}
