/**
 * How long to wait before the next attempt: exponential backoff with full jitter.
 *
 * Full jitter and not "equal" or "decorrelated" jitter: after a server is lost, all of its clients
 * are at the same step, and only a delay drawn from the whole range spreads them evenly. Its price,
 * now and then a delay near zero, is no spin: the range doubles with each failure.
 * @module
 */

/** The range of delays; `backoff=200ms..30s`. */
export interface BackoffOptions {
  /** Upper bound of the first delay, in milliseconds; default 200. */
  readonly initialMs?: number;
  /** Upper bound of every delay, in milliseconds; default 30,000. */
  readonly maximumMs?: number;
  /** From 0 up to, and without, 1; default `Math.random`. */
  readonly random?: () => number;
}

/** The range without an option. */
export const defaultBackoff: { readonly initialMs: number; readonly maximumMs: number } = {
  initialMs: 200,
  maximumMs: 30_000,
};

/** Delays that grow with each failure in a row. */
export class Backoff {
  readonly #initialMs: number;
  readonly #maximumMs: number;
  readonly #random: () => number;
  #failures = 0;

  /** The first delay is bounded by `initialMs`. */
  constructor(options: BackoffOptions = {}) {
    this.#initialMs = options.initialMs ?? defaultBackoff.initialMs;
    this.#maximumMs = Math.max(this.#initialMs, options.maximumMs ?? defaultBackoff.maximumMs);
    this.#random = options.random ?? Math.random;
  }

  /** Failures in a row so far. */
  get failures(): number {
    return this.#failures;
  }

  /** Upper bound of the next delay, in milliseconds. */
  get boundMs(): number {
    // 2 ** 1024 is Infinity, and so is no trouble.
    return Math.min(this.#maximumMs, this.#initialMs * 2 ** this.#failures);
  }

  /**
   * Counts a failure.
   *
   * @returns how long to wait now, in milliseconds: uniform in 0 to min(maximum, initial * 2^n)
   */
  next(): number {
    const boundMs = this.boundMs;
    this.#failures++;
    return this.#random() * boundMs;
  }

  /** Begins anew: the connection has held. */
  reset(): void {
    this.#failures = 0;
  }
}
