/**
 * The last round trips of a target, for its spark line: a ring of small numbers.
 * @module
 */

/** Probes that are remembered of each target. */
export const historyLength = 32;

/** The last outcomes of one target: 128 bytes, whatever happens. */
export class History {
  readonly #ring = new Float32Array(historyLength);
  #count = 0;

  /** @param roundTripMs null for a probe that was not answered */
  add(roundTripMs: number | null): void {
    this.#ring[this.#count % historyLength] = roundTripMs ?? NaN;
    this.#count++;
  }

  /** The last `most` outcomes, oldest first; null for those that were not answered. */
  last(most: number = historyLength): (number | null)[] {
    const length = Math.min(most, this.#count, historyLength);
    return Array.from({ length }, (_, at) => {
      const value = this.#ring[(this.#count - length + at) % historyLength] ?? NaN;
      return Number.isNaN(value) ? null : value;
    });
  }
}
