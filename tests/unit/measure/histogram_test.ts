/**
 * Times as a histogram.
 * @module
 */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Histogram } from "../../../lib/measure/histogram.ts";
import { drawHistogram } from "../../../lib/measure/histogram_text.ts";

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

Deno.test("an empty histogram is zero everywhere and draws nothing", () => {
  const histogram = new Histogram();
  const { count, minMs, maxMs, meanMs } = histogram;
  assertEquals([count, minMs, maxMs, meanMs, histogram.percentileMs(50)], [0, 0, 0, 0, 0]);
  assertEquals([histogram.bars(10), drawHistogram(histogram)], [[], []]);
});

Deno.test("every percentile is within a thousandth of the nearest rank, from 1 us to a day", () => {
  // Evenly over the magnitudes, and not over the values: most would be hours otherwise.
  const time = fc.double({ min: -3, max: Math.log10(86_400_000), noNaN: true })
    .map((exponent) => 10 ** exponent);
  const times = fc.array(time, { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(times, fc.double({ min: 0, max: 100, noNaN: true }), (values, percent) => {
      const sorted = values.toSorted((a, b) => a - b);
      const rank = Math.max(1, Math.ceil(percent / 100 * sorted.length));
      const exact = sorted[rank - 1] ?? 0;
      const found = histogramOf(values).percentileMs(percent);
      // At a rank that is whole to the last bit, rounding may choose its neighbour.
      const near = [exact, sorted[rank - 2] ?? exact, sorted[rank] ?? exact];
      const isNear = (value: number) => Math.abs(found - value) <= value * 0.001 + 1e-5;
      assert(isNear(exact) || near.some(isNear), `${found} for ${exact}`);
    }),
    { numRuns: 60 },
  );
});

Deno.test("the smallest, the largest and the mean are exact", () => {
  const histogram = histogramOf([1.23456789, 0.000123, 9.87654321]);
  assertEquals([histogram.minMs, histogram.maxMs], [0.000123, 9.87654321]);
  assertAlmostEquals(histogram.meanMs, (1.23456789 + 0.000123 + 9.87654321) / 3, 1e-12);
});

Deno.test("bars count every value once, in their order, edge to edge", () => {
  const times = fc.array(fc.double({ min: 0, max: 5_000, noNaN: true }), {
    minLength: 1,
    maxLength: 100,
  });
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 20 }), (values, most) => {
      const bars = histogramOf(values).bars(most);
      assert(bars.length <= most);
      assertEquals(bars.reduce((sum, { count }) => sum + count, 0), values.length);
      bars.slice(1).forEach(({ fromMs }, at) => assertEquals(fromMs, bars[at]?.toMs));
    }),
    { numRuns: 60 },
  );
});

Deno.test("a long tail is drawn on a scale of ratios, and each of its values is seen", () => {
  const lines = drawHistogram(histogramOf([...Array(999).fill(0.1), 100]), 60);
  assertEquals(lines.length, 10);
  assertEquals(lines[0], "  0.100 ..   0.200 ms |############################### 999");
  assertEquals(lines[9], " 50.119 .. 100.000 ms |#                                 1");
  assert(lines.every((line) => line.length < 60));
});

Deno.test("times that are all alike are one bar", () => {
  assertEquals(drawHistogram(histogramOf([2, 2, 2]), 40).length, 1);
});

Deno.test("a time over a day counts as one, and less than none as none", () => {
  const histogram = histogramOf([-1, 2 * 86_400_000]);
  assertEquals([histogram.minMs, histogram.count], [0, 2]);
  assert(histogram.bars(4).length > 0);
});
