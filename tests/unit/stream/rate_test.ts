import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { TokenBucket } from "../../../lib/stream/rate.ts";

Deno.test("a token bucket lets a burst of a tenth of a second pass at once", () => {
  const bucket = new TokenBucket(1000, 0);
  assertEquals(bucket.grain, 100);
  assertEquals(bucket.take(100, 0), 0);
  assertEquals(bucket.take(100, 0), 100);
});

Deno.test("a token bucket that rested earns no more than its burst", () => {
  const bucket = new TokenBucket(1000, 0);
  assertEquals(bucket.take(100, 60_000), 0);
  assertEquals(bucket.take(1, 60_000), 1);
});

Deno.test("a flow through a token bucket never exceeds its rate by more than one burst", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 10_000_000 }),
    fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 200 }),
    (rate, chunks) => {
      const bucket = new TokenBucket(rate, 0);
      let nowMs = 0;
      let moved = 0;
      for (const wanted of chunks) {
        const taken = Math.min(wanted, bucket.grain);
        moved += taken;
        nowMs += bucket.take(taken, nowMs);
        assert(moved <= rate * nowMs / 1000 + bucket.grain + 1);
      }
    },
  ));
});

Deno.test("a token bucket reaches its rate", () => {
  const bucket = new TokenBucket(1_000_000, 0);
  let nowMs = 0;
  for (let moved = 0; moved < 10_000_000; moved += 10_000) nowMs += bucket.take(10_000, nowMs);
  assertAlmostEquals(nowMs, 9_900, 1);
});

Deno.test("a rate of nothing is refused", () => {
  assertThrows(() => new TokenBucket(0, 0), RangeError);
  assertThrows(() => new TokenBucket(NaN, 0), RangeError);
});
