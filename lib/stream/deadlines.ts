/**
 * The deadlines of one session: all of them go with it.
 * @module
 */

import type { Clock, Timer } from "../core/clock.ts";
import { TimerWheel } from "../core/wheel.ts";

/** Timers that end together. What is set after `cancel` never fires: the session is closing. */
export class Deadlines {
  readonly #wheel: TimerWheel;
  readonly #timers = new Set<Timer>();
  #isOver = false;

  constructor(clock: Clock) {
    this.#wheel = TimerWheel.of(clock);
  }

  /** Calls `then` once, after `delayMs` milliseconds. */
  after(delayMs: number, then: () => void): void {
    this.#add((settled) => this.#wheel.timer(delayMs, settled(then)));
  }

  /** Calls `then` once `quietMs` milliseconds have passed since the last activity. */
  afterQuiet(quietMs: number, lastActivityMs: () => number, then: () => void): void {
    this.#add((settled) => this.#wheel.watch(quietMs, { lastActivityMs, expire: settled(then) }));
  }

  /** Ends all of them, for good. Idempotent. */
  cancel(): void {
    this.#isOver = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #add(set: (settled: (then: () => void) => () => void) => Timer): void {
    if (this.#isOver) return;
    const timer = set((then) => () => {
      // A long session sets many, one after another: those that fired must not pile up.
      this.#timers.delete(timer);
      then();
    });
    this.#timers.add(timer);
  }
}
