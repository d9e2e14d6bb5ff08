/** How life is looked for, as it is written. */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ValueError } from "../../../lib/address/fault.ts";
import {
  formatHeartbeat,
  parseHeartbeat,
  parseHeartbeatOrNone,
} from "../../../lib/address/heartbeat.ts";

const usual = { everyMs: 5_000, misses: 3, graceMs: 0, mode: "heartbeat", detector: "misses" };

Deno.test("what is not written has its default", () => {
  assertEquals(parseHeartbeat("every=1s"), { ...usual, everyMs: 1_000, strip: true } as never);
  assertEquals(parseHeartbeat("misses=5,grace=2s"), {
    ...usual,
    misses: 5,
    graceMs: 2_000,
    strip: true,
  } as never);
  assertEquals(parseHeartbeat("mode=pingpong,every=250ms").mode, "pingpong");
});

Deno.test("no takes a default back for one address", () => {
  assertEquals(parseHeartbeatOrNone("no"), null);
  assertEquals(parseHeartbeatOrNone("every=1s")?.everyMs, 1_000);
});

Deno.test("commas separate, and an escaped one is literal", () => {
  const { send, expect } = parseHeartbeat(String.raw`send=a\,b,expect=x{1\,2},every=1s`);
  assertEquals(send, new TextEncoder().encode("a,b"));
  assertEquals(expect?.source, "x{1,2}");
});

Deno.test("send knows its escapes, and no others", () => {
  const { send } = parseHeartbeat(String.raw`send=\r\n\t\\\x00\xfF`);
  assertEquals([...send ?? []], [13, 10, 9, 92, 0, 255]);
  const error = assertThrows(() => parseHeartbeat(String.raw`every=1s,send=ab\q`), ValueError);
  assertEquals([error.offset, error.reason], [16, "send: an unknown escape"]);
  assertThrows(() => parseHeartbeat(String.raw`send=\x4`), ValueError);
});

Deno.test("expect is a regular expression as it stands", () => {
  const { expect } = parseHeartbeat(String.raw`expect=^\d+\\\x41$`);
  assertEquals(expect?.source, String.raw`^\d+\\\x41$`);
  assertThrows(() => parseHeartbeat("expect=("), ValueError, "no regular expression");
  assertThrows(() => parseHeartbeat("expect="), ValueError, "every line");
  // A backslash that is escaped does not escape the comma behind it.
  assertEquals(parseHeartbeat(String.raw`expect=a\\,misses=2`).misses, 2);
});

Deno.test("what this side says of itself may be said several times", () => {
  const { say } = parseHeartbeat(String.raw`mode=pingpong,say=role=db,say=note=a\,b=c`);
  assertEquals({ ...say }, { role: "db", note: "a,b=c" });
  assertThrows(() => parseHeartbeat("say=role=a,say=role=b"), ValueError, "said twice");
  assertThrows(() => parseHeartbeat("say=role"), ValueError, "KEY=VALUE");
});

Deno.test("each wrong text has its own error, with the place", () => {
  const wrong: readonly [string, number, string][] = [
    ["", 0, "an empty part"],
    ["every=1s,", 9, "an empty part"],
    ["every", 0, "a part without ="],
    ["every=5", 7, "every: a duration needs a unit"],
    ["every=1ms", 6, "every: out of bounds"],
    ["misses=0", 7, "misses: not a number of misses"],
    ["misses=1001", 7, "misses: not a number of misses"],
    ["every=1s,evry=2s", 9, "evry is no part of a heartbeat"],
    ["every=1s,every=2s", 9, "every is given twice"],
    ["mode=ping", 5, "mode: ping is none of the choices"],
    ["strip=no", 0, "strip is about lines that match expect, and there is none"],
    ["send=", 5, "send: nothing to send"],
  ];
  for (const [text, offset, reason] of wrong) {
    const error = assertThrows(() => parseHeartbeat(text), ValueError, undefined, text);
    assertEquals([error.offset, error.reason], [offset, reason], text);
  }
  assertThrows(() => parseHeartbeat("send=x,mode=pingpong"), ValueError, "two plumbs");
  assertThrows(() => parseHeartbeat("__proto__=x"), ValueError, "no part");
});

Deno.test("what was printed is read back the same", () => {
  const parts = fc.record({
    everyMs: fc.integer({ min: 10, max: 86_400_000 }),
    misses: fc.integer({ min: 1, max: 1_000 }),
    graceMs: fc.integer({ min: 0, max: 10_000 }),
    send: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    expect: fc.constantFrom(/^PONG/, /a,b/, /x{1,2}\\,/, /[,\\]/, /\/,/),
    strip: fc.boolean(),
  });
  fc.assert(fc.property(parts, (given) => {
    const spec = { ...usual, ...given } as Parameters<typeof formatHeartbeat>[0];
    const read = parseHeartbeat(formatHeartbeat(spec));
    assertEquals({ ...read, expect: read.expect?.source }, {
      ...spec,
      expect: spec.expect?.source,
    });
  }));
});

Deno.test("any text is a heartbeat or a ValueError", () => {
  const piece = fc.constantFrom(
    "every=",
    "5s",
    ",",
    "\\",
    "send=",
    "expect=",
    "(",
    "=",
    "x41",
    "\u00fc",
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    const text = pieces.join("");
    try {
      parseHeartbeat(text);
    } catch (thrown) {
      if (!(thrown instanceof ValueError)) throw thrown;
    }
  }));
});
