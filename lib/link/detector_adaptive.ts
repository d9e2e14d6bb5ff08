/**
 * A detector that learns how long answers take: timeouts after RFC 6298.
 *
 * Chosen against phi accrual (Hayashibara et al. 2004) by `tests/support/detector_play.ts`, seeded.
 * Living peers called dead in an hour; intervals from death to verdict, median and worst of 200
 * (with `misses=3`; phi with the paper's window and a floor of a tenth for the deviation):
 *
 *     way, every 5 s      misses            round trips       phi = 8           phi = 12
 *     calm, datagrams     0     2.5  3.0    0     2.1  2.6    0     1.1  1.6    0     1.2  1.7
 *     5% loss             0.40  2.5  3.0    0     2.1  2.6    0     1.2  2.2    0     1.3  2.5
 *     outages of 1 s      0.05  2.5  3.0    0.15  2.1  2.6    2.30  1.1  1.8    0.90  1.2  2.0
 *     outages, stream     0.05  2.5  3.6    0.05  2.2  4.6    3.50  1.2  2.7    0.55  1.4  3.5
 *     way, every 1 s
 *     5% loss             1.55  2.5  3.0    0     3.5  4.0    0     1.3  2.6    0     1.5  3.1
 *     5% loss, stream     0     2.6  3.2    0     3.6  4.2    1.95  1.6  3.0    0.95  1.7  3.4
 *     outages of 1 s      19.7  2.5  3.1    8.2   3.5  4.1    41.7  1.1  1.9    36.5  1.3  2.1
 *     load of 2 s         0     2.7  5.0    0     3.7  6.0    126   2.6  4.7    120   3.0  5.4
 *
 * Phi is the soonest on a quiet path, and wrong where it matters: it learns from the gaps of the
 * quiet past, and takes the first load or outage for death. That a busy link is never declared dead
 * comes before a second gained. Asking again costs no more wrong verdicts than counting intervals,
 * and with long intervals it is sooner: what it waits for is an answer, not the next interval.
 * @module
 */

import type { Detector, Verdict } from "./detector.ts";

/** How many questions may stay without an answer. */
export interface AdaptiveOptions {
  /** Time between two signs of life (ms). */
  readonly everyMs: number;
  /** Questions in a row without an answer. */
  readonly misses: number;
  /** Added to the first interval (ms); default 0. */
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
