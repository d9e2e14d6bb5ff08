/**
 * Which addresses are being tried: who cuts the trying short (a time limit) can tell what it cut.
 * @module
 */

import type { Clock } from "./clock.ts";
import type { Attempt, NetError } from "./error.ts";

/** The attempts of one opening. */
export class Attempts {
  readonly #clock: Clock;
  readonly #tried: { address: string; startMs: number; ended?: Attempt }[] = [];

  /** None yet. @param clock for how long each takes */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * An address is tried from now on.
   *
   * @param address `[::1]:5432`
   * @returns to be called with the error, where it fails
   */
  begin(address: string): (error: NetError) => void {
    const entry: { address: string; startMs: number; ended?: Attempt } = {
      address,
      startMs: this.#clock.now(),
    };
    this.#tried.push(entry);
    return ({ reason, code }) => {
      const message = code === undefined ? reason : `${reason} (${code})`;
      const durationMs = this.#clock.now() - entry.startMs;
      entry.ended = { address, message, ...(code === undefined ? {} : { code }), durationMs };
    };
  }

  /** What was tried so far, in order; what is still under way has no answer yet. */
  list(): readonly Attempt[] {
    const nowMs = this.#clock.now();
    return this.#tried.map(({ address, startMs, ended }) =>
      ended ?? { address, message: "no answer", durationMs: nowMs - startMs }
    );
  }
}
