/**
 * Phi accrual (Hayashibara, Defago, Yared, Katayama: "The phi accrual failure detector", SRDS 2004)
 * as a `Detector`: what `lib/link/detector_adaptive.ts` was measured against, and not chosen.
 * @module
 */

import type { Detector, Verdict } from "../../lib/link/detector.ts";

/** Samples of the paper's window. */
const windowSize = 200;

/** How sure it must be: one wrong verdict in 10^phi, were the gaps of a normal distribution. */
export interface PhiOptions {
  readonly everyMs: number;
  readonly threshold: number;
}

/** Suspects by how unlikely the present silence is, after the gaps so far. */
export class PhiDetector implements Detector {
  readonly #threshold: number;
  readonly #everyMs: number;
  #gaps: number[] = [];
  #heardMs: number;
  #isDead = false;

  constructor({ everyMs, threshold }: PhiOptions, nowMs: number) {
    this.#everyMs = everyMs;
    this.#threshold = threshold;
    this.#heardMs = nowMs;
  }

  heard(nowMs: number): void {
    this.#gaps.push(nowMs - this.#heardMs);
    if (this.#gaps.length > windowSize) this.#gaps.shift();
    this.#heardMs = nowMs;
  }

  verdict(nowMs: number): Verdict {
    const silentMs = nowMs - this.#heardMs;
    if (this.#phi(silentMs) >= this.#threshold) this.#isDead = true;
    if (this.#isDead) return "dead";
    return this.#phi(silentMs) >= 1 ? "suspect" : "alive";
  }

  /** Asked ten times an interval: the inverse of phi is not worth its code in a test. */
  get deadlineMs(): number | null {
    if (this.#isDead) return null;
    const step = this.#everyMs / 10;
    return this.#askedMs += step;
  }

  #askedMs = 0;

  reset(nowMs: number): void {
    this.#isDead = false;
    this.#gaps = [];
    this.#heardMs = nowMs;
    this.#askedMs = nowMs;
  }

  #phi(silentMs: number): number {
    const gaps = this.#gaps.length < 5 ? [this.#everyMs] : this.#gaps;
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const square = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    // Without a floor a quiet line makes it call the first late beat the end.
    const deviation = Math.max(Math.sqrt(square), this.#everyMs / 10);
    const y = (silentMs - mean) / deviation;
    // The logistic approximation of the normal distribution's tail.
    const e = Math.exp(-y * (1.5976 + 0.070566 * y * y));
    const later = y > 0 ? e / (1 + e) : 1 - 1 / (1 + e);
    return later <= 0 ? Infinity : -Math.log10(later);
  }
}
