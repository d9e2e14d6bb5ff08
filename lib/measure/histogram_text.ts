/**
 * A histogram -> lines of text: one bar a line.
 * @module
 */

import type { Histogram, HistogramBar } from "./histogram.ts";

/** Bars of a drawing: what the eye takes in at a glance. */
const mostBars = 10;

/** Narrowest and widest a bar is drawn, in characters. */
const narrowest = 10;
const widest = 50;

/**
 * Draws a histogram, or nothing where fewer than two values were recorded:
 *
 *     0.042 ..  0.051 ms |########################################  31
 *     0.051 ..  0.063 ms |#############                             10
 *
 * A bar that has any value is at least one character long, so that a tail shows.
 *
 * @param columns width of a line
 */
export function drawHistogram(histogram: Histogram, columns = 80): string[] {
  const bars = histogram.count < 2 ? [] : histogram.bars(mostBars);
  if (bars.length === 0) return [];
  const places = placesFor(bars);
  const labels = bars.map(({ fromMs, toMs }) => [fromMs.toFixed(places), toMs.toFixed(places)]);
  const label = Math.max(...labels.flat().map((text) => text.length));
  const most = Math.max(...bars.map(({ count }) => count));
  const digits = String(most).length;
  const room = columns - (2 * label + " ..  ms |".length + 2 + digits) - 1;
  const width = Math.max(narrowest, Math.min(widest, room));
  return bars.map(({ count }, at) => {
    const [from = "", to = ""] = labels[at] ?? [];
    const length = count === 0 ? 0 : Math.max(1, Math.round(count / most * width));
    const bar = "#".repeat(length).padEnd(width);
    return `${from.padStart(label)} .. ${to.padStart(label)} ms |${bar} ${
      String(count).padStart(digits)
    }`;
  });
}

/** Decimal places that tell neighbouring edges apart; three are microseconds. */
function placesFor(bars: readonly HistogramBar[]): number {
  const narrow = Math.min(...bars.map(({ fromMs, toMs }) => toMs - fromMs));
  if (narrow >= 10) return 0;
  return narrow >= 1 ? 1 : narrow >= 0.1 ? 2 : narrow >= 0.001 ? 3 : 5;
}
