/**
 * Times as a histogram of high dynamic range (Gil Tene's HdrHistogram): any number of them in
 * bounded memory, every percentile within a thousandth of its value, from 10 ns to hours.
 *
 * A mean and a standard deviation would be smaller and say nothing: times have long tails. A sample
 * of values (a reservoir) would lose just the few that the tail is made of.
 *
 * What is recorded must not depend on earlier answers, or a stalled peer hides its own stall
 * (coordinated omission): requests are sent on a schedule, and late ones are measured from when
 * they were due. Nothing is corrected afterwards here.
 * @module
 */

import { Int32Histogram } from "hdr-histogram-js";

/** Units of the counted integers in a millisecond: 10 ns, finer than any clock here. */
const perMs = 100_000;

/** The longest time that is counted as what it is: a day. Longer ones count as one. */
const longest = 86_400_000 * perMs;

/** Values of one part of the range. */
export interface HistogramBar {
  /** Lower bound in milliseconds, inclusive. */
  readonly fromMs: number;
  /** Upper bound in milliseconds, exclusive but for the last bar. */
  readonly toMs: number;
  /** Values in it. */
  readonly count: number;
}

/** The distribution of times in milliseconds. */
export class Histogram {
  // Grows with the range of the values: 8 KiB for a narrow one, 150 KiB for all of a day.
  readonly #counts = new Int32Histogram(1, 2, 3);
  #count = 0;
  #sumMs = 0;
  #minMs = Infinity;
  #maxMs = 0;

  constructor() {
    this.#counts.autoResize = true;
  }

  /** How many values were recorded. */
  get count(): number {
    return this.#count;
  }

  /** The smallest value as it was, in milliseconds; 0 where there is none. */
  get minMs(): number {
    return this.#count === 0 ? 0 : this.#minMs;
  }

  /** The largest value as it was, in milliseconds; 0 where there is none. */
  get maxMs(): number {
    return this.#maxMs;
  }

  /** The arithmetic mean in milliseconds; 0 where there is none. */
  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  /** Counts a value. @param valueMs milliseconds; less than 0 counts as 0 */
  record(valueMs: number): void {
    const value = Math.max(0, valueMs);
    this.#counts.recordValue(Math.min(Math.round(value * perMs), longest));
    this.#count++;
    this.#sumMs += value;
    this.#minMs = Math.min(this.#minMs, value);
    this.#maxMs = Math.max(this.#maxMs, value);
  }

  /**
   * The value that so many percent of all are not above (nearest rank), in milliseconds; 0 where
   * there is none.
   *
   * @param percent 0 to 100
   */
  percentileMs(percent: number): number {
    if (this.#count === 0) return 0;
    const counts = this.#counts;
    const value = counts.getValueAtPercentile(percent);
    // The ends are known as they were: p99 of few values is their largest, to the last digit.
    if (counts.highestEquivalentValue(value) >= this.#maxMs * perMs) return this.#maxMs;
    if (counts.lowestEquivalentValue(value) <= this.#minMs * perMs) return this.#minMs;
    // The middle of all that count as the same; the library gives the last of them.
    return counts.medianEquivalentValue(value) / perMs;
  }

  /**
   * The distribution in at most `most` bars of equal width; of equal ratio where the largest value
   * is more than ten times the smallest, so that a tail does not press all others into one bar.
   */
  bars(most: number): readonly HistogramBar[] {
    if (this.#count === 0) return [];
    if (this.#minMs === this.#maxMs) {
      return [{ fromMs: this.#minMs, toMs: this.#maxMs, count: this.#count }];
    }
    const edges = this.#edges(most);
    const counts = new Array<number>(edges.length - 1).fill(0);
    let at = 0;
    for (const { valueMs, count } of this.#recorded()) {
      while (at < counts.length - 1 && valueMs >= (edges[at + 1] ?? Infinity)) at++;
      counts[at] = (counts[at] ?? 0) + count;
    }
    return counts.map((count, bar) => ({
      fromMs: edges[bar] ?? this.#minMs,
      toMs: edges[bar + 1] ?? this.#maxMs,
      count,
    }));
  }

  #edges(bars: number): number[] {
    const [from, to] = [this.#minMs, this.#maxMs];
    const isWide = from > 0 && to / from > 10;
    const edge = (part: number) => isWide ? from * (to / from) ** part : from + (to - from) * part;
    return Array.from({ length: bars + 1 }, (_, at) => edge(at / bars));
  }

  /** What was counted, in order; each value is the middle of those that count as the same. */
  *#recorded(): Generator<{ readonly valueMs: number; readonly count: number }> {
    const counts = this.#counts;
    const last = Math.min(Math.round(this.#maxMs * perMs), longest);
    let value = counts.lowestEquivalentValue(Math.min(Math.round(this.#minMs * perMs), longest));
    for (; value <= last; value = counts.nextNonEquivalentValue(value)) {
      const count = counts.getCountAtIndex(counts.countsArrayIndex(value));
      if (count > 0) yield { valueMs: counts.medianEquivalentValue(value) / perMs, count };
    }
  }
}
