/**
 * Offset, delay and error bound of two clocks.
 * @module
 */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ClockFilter, clockSample } from "../../../lib/link/clock_filter.ts";

Deno.test("an exchange says offset and delay as RFC 5905 has them", () => {
  // The peer is 500 us ahead; 100 us there, 300 us back, 50 us at the peer.
  const sample = clockSample({ t1Us: 1_000, t2Us: 1_600, t3Us: 1_650, t4Us: 1_450 }, 7);
  assertAlmostEquals(sample.offsetMs, 0.4, 1e-9);
  assertAlmostEquals(sample.delayMs, 0.4, 1e-9);
  assertEquals(sample.atMs, 7);
});

Deno.test("the shortest of the last eight exchanges is believed, and the ninth forgets the first", () => {
  const filter = new ClockFilter();
  assertEquals(filter.estimate(0), null);
  const add = (offsetMs: number, delayMs: number, atMs: number) =>
    filter.add({ offsetMs, delayMs, dispersionMs: 0.001, atMs });
  add(1, 0.1, 0);
  for (let at = 1; at < 8; at++) add(10 + at, 5, at * 1_000);
  assertEquals(filter.estimate(8_000)?.offsetMs, 1);
  assertEquals(filter.estimate(8_000)?.delayMs, 0.1);
  add(20, 5, 8_000);
  // Of equal ones the newest.
  assertEquals(filter.estimate(8_000)?.offsetMs, 20);
});

Deno.test("the bound is half the delay, and grows by 15 us a second as the sample ages", () => {
  const filter = new ClockFilter();
  filter.add({ offsetMs: 3, delayMs: 2, dispersionMs: 0.5, atMs: 1_000 });
  assertAlmostEquals(filter.estimate(1_000)?.errorMs ?? 0, 1.5, 1e-9);
  assertAlmostEquals(filter.estimate(11_000)?.errorMs ?? 0, 1.65, 1e-9);
});

Deno.test("jitter and dispersion are those of section 10", () => {
  const filter = new ClockFilter();
  for (const [offsetMs, delayMs] of [[0, 1], [3, 2], [4, 3]] as const) {
    filter.add({ offsetMs, delayMs, dispersionMs: 0.8, atMs: 0 });
  }
  const estimate = filter.estimate(0);
  assertAlmostEquals(estimate?.jitterMs ?? 0, Math.sqrt((9 + 16) / 2), 1e-9);
  assertAlmostEquals(estimate?.dispersionMs ?? 0, 0.8 * (1 / 2 + 1 / 4 + 1 / 8), 1e-9);
});

Deno.test("the true offset stays within the bound, with skew and unequal ways", () => {
  const run = fc.record({
    offsetUs: fc.integer({ min: -86_400e6, max: 86_400e6 }),
    /** Relative rate of the peer's clock; RFC 5905 allows for 15 in a million. */
    skew: fc.double({ min: -15e-6, max: 15e-6, noNaN: true }),
    exchanges: fc.array(
      fc.record({
        gapUs: fc.integer({ min: 0, max: 60e6 }),
        thereUs: fc.integer({ min: 0, max: 2e6 }),
        peerUs: fc.integer({ min: 0, max: 1e6 }),
        backUs: fc.integer({ min: 0, max: 2e6 }),
      }),
      { minLength: 1, maxLength: 20 },
    ),
  });
  fc.assert(
    fc.property(run, ({ offsetUs, skew, exchanges }) => {
      const filter = new ClockFilter();
      const startUs = 1_700_000_000_000_000;
      const peerAt = (us: number) => us + offsetUs + (us - startUs) * skew;
      let nowUs = startUs;
      for (const { gapUs, thereUs, peerUs, backUs } of exchanges) {
        nowUs += gapUs;
        const [t1, t2] = [nowUs, nowUs + thereUs];
        const t3 = t2 + peerUs;
        nowUs = t3 + backUs;
        filter.add(clockSample({
          t1Us: Math.floor(t1),
          t2Us: Math.floor(peerAt(t2)),
          t3Us: Math.floor(peerAt(t3)),
          t4Us: Math.floor(nowUs),
        }, nowUs / 1000));
        const estimate = filter.estimate(nowUs / 1000);
        const trueMs = (peerAt(nowUs) - nowUs) / 1000;
        const offBy = Math.abs((estimate?.offsetMs ?? Infinity) - trueMs);
        assert(offBy <= (estimate?.errorMs ?? 0), `${offBy} ms > ${estimate?.errorMs} ms`);
      }
    }),
    { numRuns: 300 },
  );
});
