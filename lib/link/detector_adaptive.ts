/**
 * A detector that learns how long answers take.
 * @module
 */

import type { Detector, Verdict } from "./detector.ts";

/** As for `missesDetector`; `misses` is how many questions in a row stay without an answer. */
export interface AdaptiveOptions {
  readonly everyMs: number;
  readonly misses: number;
  readonly graceMs?: number;
}

/** RFC 6298, section 2: how much a new round trip changes the mean, and the variation. */
const meanGain = 1 / 8;
const variationGain = 1 / 4;

/** Section 2.4 rounds a timeout up to 1 s: less would call a burst of losses the end. */
const leastTimeoutMs = 1_000;

/**
 * Asks again, sooner, when the peer is late: a timeout of retransmission after RFC 6298 for each
 * question, doubled for the next one, at most the interval.
 */
export function adaptiveDetector(options: AdaptiveOptions, nowMs: number): Detector {
  return new AdaptiveDetector(options, nowMs);
}

class AdaptiveDetector implements Detector {
  readonly #everyMs: number;
  readonly #misses: number;
  readonly #graceMs: number;
  #meanMs: number | undefined;
  #variationMs = 0;
  #heardMs: number;
  /** Questions without an answer since it was last heard. */
  #asked = 0;
  #dueMs: number;
  #isDead = false;

  constructor({ everyMs, misses, graceMs = 0 }: AdaptiveOptions, nowMs: number) {
    this.#everyMs = everyMs;
    this.#misses = misses;
    this.#graceMs = graceMs;
    this.#heardMs = nowMs;
    this.#dueMs = this.#firstDueMs();
  }

  heard(nowMs: number): void {
    if (this.#isDead) return;
    this.#heardMs = nowMs;
    this.#asked = 0;
    this.#dueMs = this.#firstDueMs();
  }

  roundTrip(rttMs: number): void {
    if (this.#meanMs === undefined) {
      this.#meanMs = rttMs;
      this.#variationMs = rttMs / 2;
    } else {
      const off = Math.abs(this.#meanMs - rttMs);
      this.#variationMs += variationGain * (off - this.#variationMs);
      this.#meanMs += meanGain * (rttMs - this.#meanMs);
    }
    if (this.#asked === 0) this.#dueMs = this.#firstDueMs();
  }

  verdict(nowMs: number): Verdict {
    while (!this.#isDead && nowMs >= this.#dueMs) {
      this.#asked++;
      if (this.#asked > this.#misses) this.#isDead = true;
      else this.#dueMs = Math.min(nowMs + this.#timeoutMs(this.#asked - 1), this.#latestMs());
    }
    return this.#isDead ? "dead" : this.#asked > 0 ? "suspect" : "alive";
  }

  get deadlineMs(): number | null {
    return this.#isDead ? null : this.#dueMs;
  }

  reset(nowMs: number): void {
    this.#isDead = false;
    this.heard(nowMs);
  }

  #firstDueMs(): number {
    return this.#heardMs + this.#everyMs + this.#timeoutMs(0) + this.#graceMs;
  }

  /** Never later than by counting intervals, and one more. */
  #latestMs(): number {
    return this.#heardMs + this.#everyMs * (this.#misses + 1) + this.#graceMs;
  }

  #timeoutMs(doublings: number): number {
    const mean = this.#meanMs;
    const timeoutMs = mean === undefined
      ? this.#everyMs
      : Math.max(leastTimeoutMs, mean + 4 * this.#variationMs);
    return Math.min(timeoutMs * 2 ** doublings, this.#everyMs);
  }
}
