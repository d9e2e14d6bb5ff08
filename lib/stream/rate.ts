/**
 * Rate limit by a token bucket.
 * @module
 */

/**
 * A token bucket: `rate` bytes a second, with bursts of a tenth of a second. Pure: time is an
 * argument.
 */
export class TokenBucket {
  readonly #bytesPerMs: number;
  readonly #capacity: number;
  #tokens: number;
  #atMs: number;

  /**
   * @param rate bytes a second, more than 0
   * @param nowMs monotonic time in milliseconds
   */
  constructor(rate: number, nowMs: number) {
    if (!(rate > 0)) throw new RangeError("a rate must be more than 0 bytes a second");
    this.#bytesPerMs = rate / 1000;
    this.#capacity = Math.max(1, rate / 10);
    this.#tokens = this.#capacity;
    this.#atMs = nowMs;
  }

  /** The most that should be taken at once, in bytes, so that the flow stays even. */
  get grain(): number {
    return Math.max(1, Math.floor(this.#capacity));
  }

  /**
   * Takes `bytes`; they may put the bucket into debt.
   *
   * @returns how many milliseconds to wait before the next take
   */
  take(bytes: number, nowMs: number): number {
    const earned = Math.max(0, nowMs - this.#atMs) * this.#bytesPerMs;
    this.#tokens = Math.min(this.#capacity, this.#tokens + earned) - bytes;
    this.#atMs = nowMs;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#bytesPerMs;
  }
}
