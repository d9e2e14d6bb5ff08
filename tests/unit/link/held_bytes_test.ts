/**
 * What waits for a connection: bounded, in order, messages whole.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { HeldBytes } from "../../../lib/link/held_bytes.ts";

Deno.test("held bytes: a stream comes out as it went in, within its bound", () => {
  const step = fc.oneof(
    fc.record({ put: fc.uint8Array({ maxLength: 40_000 }) }),
    fc.record({ take: fc.nat(40_000) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.array(step), (maximum, steps) => {
      const held = new HeldBytes(maximum, false);
      let wanted = 0; // a running number is in each byte
      let given = 0;
      for (const one of steps) {
        if ("put" in one) {
          const chunk = one.put.map((_, at) => (wanted + at) % 251);
          const count = held.put(chunk) ?? 0;
          chunk.fill(0); // a copy is held
          wanted += count;
          if (count < chunk.length) assertEquals(held.size, maximum);
        } else {
          const first = held.first();
          const count = Math.min(one.take, first?.length ?? 0);
          first?.subarray(0, count).forEach((byte, at) => assert(byte === (given + at) % 251));
          held.takeOff(count);
          given += count;
        }
        assertEquals(held.size, wanted - given);
        assert(held.size <= maximum);
      }
      assertEquals(held.clear(), wanted - given);
      assert(held.isEmpty);
    }),
    { numRuns: 60 },
  );
});

Deno.test("held bytes: messages stay whole, and empty ones cost something", () => {
  const held = new HeldBytes(100, true);
  assertEquals(held.put(new Uint8Array(30)), 30);
  assertEquals(held.put(new Uint8Array(10)), null); // 30 + 10 and twice 32
  assertEquals(held.put(new Uint8Array(0)), 0);
  assertEquals(held.put(new Uint8Array(0)), null);
  assertEquals(held.first()?.length, 30);
  held.takeOff(3); // however much of it was sent: never a part of a message
  assertEquals(held.first()?.length, 0);
  assertEquals(held.isEmpty, false);
  held.takeOff(0);
  assertEquals(held.isEmpty, true);
});

Deno.test("held bytes: a byte at a time costs no object for each", () => {
  const held = new HeldBytes(50_000, false);
  for (let at = 0; at < 50_000; at++) assertEquals(held.put(Uint8Array.of(1)), 1);
  assertEquals(held.put(Uint8Array.of(1)), 0);
  let blocks = 0;
  for (let first = held.first(); first !== undefined; first = held.first()) {
    blocks++;
    held.takeOff(first.length);
  }
  assert(blocks <= 4, `${blocks} blocks`);
});
