/**
 * One deadline that moves often. Setting a timer for each phase of each request would cost more
 * than the request; so the timer is only touched where the deadline comes nearer than it.
 * @module
 */

import type { Clock, Timer } from "../core/clock.ts";
import { TimerWheel } from "../core/wheel.ts";

/** A deadline that can be moved for the price of an assignment. */
export class LazyDeadline {
  readonly #clock: Clock;
  readonly #expire: () => void;
  #atMs = Infinity;
  #armedMs = Infinity;
  #timer: Timer | undefined;

  /** @param expire called when a deadline comes; may set the next one */
  constructor(clock: Clock, expire: () => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  /** Takes the place of the deadline before. @param delayMs from now; Infinity: none */
  set(delayMs: number): void {
    this.#atMs = this.#clock.now() + delayMs;
    if (this.#atMs < this.#armedMs) this.#arm();
  }

  /** Ends it. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#atMs = this.#armedMs = Infinity;
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#armedMs = this.#atMs;
    const delayMs = this.#atMs - this.#clock.now();
    this.#timer = TimerWheel.of(this.#clock).timer(delayMs, () => this.#wake());
  }

  #wake(): void {
    this.#timer = undefined;
    this.#armedMs = Infinity;
    if (this.#atMs > this.#clock.now()) {
      if (this.#atMs !== Infinity) this.#arm();
      return;
    }
    this.#atMs = Infinity;
    this.#expire();
  }
}
