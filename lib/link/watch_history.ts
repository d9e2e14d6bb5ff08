/**
 * The last round trips of a target, for its spark line: a ring of small numbers.
 * @module
 */

/** Probes that are remembered of each target. */
export const historyLength = 32;

/** Histories on one page: a small array of its own costs several times what is in it. */
const pageLength = 256;

let page = new Float32Array(0);
let used = 0;

/** The last outcomes of one target: 128 bytes, whatever happens. */
export class History {
  readonly #page: Float32Array;
  readonly #start: number;
  #count = 0;

  /** Takes a place on a page; the page goes when the last of its histories does. */
  constructor() {
    if (used === page.length) {
      page = new Float32Array(pageLength * historyLength);
      used = 0;
    }
    this.#page = page;
    this.#start = used;
    used += historyLength;
  }

  /** @param roundTripMs null for a probe that was not answered */
  add(roundTripMs: number | null): void {
    this.#page[this.#start + this.#count % historyLength] = roundTripMs ?? NaN;
    this.#count++;
  }

  /** The last `most` outcomes, oldest first; null for those that were not answered. */
  last(most: number = historyLength): (number | null)[] {
    const length = Math.min(most, this.#count, historyLength);
    return Array.from({ length }, (_, at) => {
      const place = (this.#count - length + at) % historyLength;
      const value = this.#page[this.#start + place] ?? NaN;
      return Number.isNaN(value) ? null : value;
    });
  }
}
