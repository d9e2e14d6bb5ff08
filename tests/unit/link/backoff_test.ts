/**
 * Delays that grow, with full jitter.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Backoff } from "../../../lib/link/backoff.ts";

Deno.test("backoff: the range doubles from the first delay to the longest", () => {
  const backoff = new Backoff({ random: () => 1 });
  const delays = Array.from({ length: 10 }, () => backoff.next());
  assertEquals(delays, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  assertEquals(backoff.failures, 10);
  backoff.reset();
  assertEquals(backoff.next(), 200);
});

Deno.test("backoff: each delay is anywhere between nothing and its bound", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 1e5 }),
    fc.integer({ min: 1, max: 1e7 }),
    fc.array(fc.double({ min: 0, max: 0.999999, noNaN: true }), { maxLength: 2_000 }),
    (initialMs, maximumMs, draws) => {
      let at = 0;
      const backoff = new Backoff({ initialMs, maximumMs, random: () => draws[at++] ?? 0 });
      for (const draw of draws) {
        const bound = backoff.boundMs;
        assert(bound <= Math.max(initialMs, maximumMs));
        assertEquals(backoff.next(), draw * bound);
      }
    },
  ));
});
