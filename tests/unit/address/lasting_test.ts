/**
 * How a connection lasts, as it is written.
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  defaultWhileDown,
  formatBackoff,
  formatWhileDown,
  parseBackoff,
  parseReconnect,
  parseWhileDown,
} from "../../../lib/address/lasting.ts";
import { ValueError } from "../../../lib/address/value.ts";

Deno.test("reconnect is a number of attempts, always or no", () => {
  assertEquals(parseReconnect("1"), 1);
  assertEquals(parseReconnect("1000000"), 1_000_000);
  assertEquals(parseReconnect("always"), Infinity);
  assertEquals(parseReconnect("no"), null);
  for (const text of ["0", "-1", "1.5", "01", "1000001", "never", "", " 1", "1e3"]) {
    assertThrows(() => parseReconnect(text), ValueError, "not a number of attempts");
  }
});

Deno.test("backoff is a range of durations, or one of them", () => {
  assertEquals(parseBackoff("200ms..30s"), { initialMs: 200, maximumMs: 30_000 });
  assertEquals(parseBackoff("1s"), { initialMs: 1_000, maximumMs: 1_000 });
  assertEquals(parseBackoff("10ms..24h"), { initialMs: 10, maximumMs: 86_400_000 });
  const refused = (text: string, message: string, offset = 0) => {
    const error = assertThrows(() => parseBackoff(text), ValueError, message);
    assertEquals(error.offset, offset, text);
  };
  refused("30s..200ms", "shorter than the first; write 200ms..30s");
  refused("0s..1s", "10ms or more");
  refused("1s..25h", "24h or less");
  refused("5..1s", "needs a unit; write 5s", 1);
  refused("200ms..5", "needs a unit; write 5s", 8);
  refused("..1s", "not a duration");
  refused("1s..", "not a duration", 4);
  refused("1s...2s", "not a duration", 4);
});

Deno.test("while-down is hold with a size, drop, or fail", () => {
  assertEquals(parseWhileDown("hold"), defaultWhileDown);
  assertEquals(parseWhileDown("hold=1MiB"), { mode: "hold", holdBytes: 2 ** 20 });
  assertEquals(parseWhileDown("drop").mode, "drop");
  assertEquals(parseWhileDown("fail").mode, "fail");
  assertThrows(() => parseWhileDown("drop=1KiB"), ValueError, "drop takes no size");
  assertThrows(() => parseWhileDown("hodl"), ValueError, "did you mean hold?");
  assertThrows(() => parseWhileDown("hold=0B"), ValueError, "1B to 1GiB");
  assertThrows(() => parseWhileDown("hold=2GiB"), ValueError, "1B to 1GiB");
  assertEquals(assertThrows(() => parseWhileDown("hold=64"), ValueError).offset, 7);
});

Deno.test("what is printed is read back", () => {
  fc.assert(fc.property(
    fc.integer({ min: 10, max: 1e6 }),
    fc.integer({ min: 0, max: 1e6 }),
    fc.integer({ min: 1, max: 2 ** 30 }),
    (initialMs, more, holdBytes) => {
      const range = { initialMs, maximumMs: initialMs + more };
      assertEquals(parseBackoff(formatBackoff(range)), range);
      const hold = { mode: "hold" as const, holdBytes };
      assertEquals(parseWhileDown(formatWhileDown(hold)), hold);
    },
  ));
});

Deno.test("any other text is a ValueError", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    for (const parse of [parseReconnect, parseBackoff, parseWhileDown]) {
      try {
        parse(text);
      } catch (thrown) {
        if (!(thrown instanceof ValueError)) throw thrown;
      }
    }
  }));
});
