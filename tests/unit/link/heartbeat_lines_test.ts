/** Lines of a foreign heartbeat, taken out of the data. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { HeartbeatLines } from "../../../lib/link/heartbeat_lines.ts";

const encoder = new TextEncoder();

/** A cutter with what it gave. */
function cutter(pattern: RegExp, longest = 1024 * 1024) {
  const decoder = new TextDecoder();
  const seen = { data: "", beats: 0 };
  const lines = new HeartbeatLines(pattern, longest, () => seen.beats++);
  const take = (bytes: Uint8Array) => void (seen.data += decoder.decode(bytes, { stream: true }));
  return {
    seen,
    lines,
    push: (text: string, nowMs = 0) => lines.push(encoder.encode(text), nowMs, take),
    tick: (nowMs: number) => lines.tick(nowMs, take),
    finish: () => lines.finish(take),
  };
}

Deno.test("whole lines that match go, all other bytes stay", () => {
  const { push, seen } = cutter(/^PONG/);
  push("a\nPONG 1\r\nb\r\n\nPONG\nc");
  assertEquals(seen, { data: "a\nb\r\n\nc", beats: 2 });
});

Deno.test("a line may come in any pieces", () => {
  const text = "one\nPONG 12\r\ntwo PONG\nPONGO\n\nPONG\n";
  for (let cut = 1; cut < text.length; cut++) {
    const { push, seen } = cutter(/^PONG( \d+)?$/);
    push(text.slice(0, cut));
    push(text.slice(cut));
    assertEquals(seen, { data: "one\ntwo PONG\nPONGO\n\n", beats: 2 }, `cut at ${cut}`);
  }
  const { push, seen } = cutter(/^PONG( \d+)?$/);
  for (const char of text) push(char);
  assertEquals(seen, { data: "one\ntwo PONG\nPONGO\n\n", beats: 2 });
});

Deno.test("what cannot become a heartbeat is not held back at all", () => {
  const { push, seen, lines } = cutter(/^PONG/);
  push("login: ");
  assertEquals(seen.data, "login: ");
  assertEquals(lines.deadlineMs, null);
  push("PONG\nPO");
  assertEquals(seen.data, "login: PONG\n"); // the line had begun as data
});

Deno.test("what may become one further on is held for a moment", () => {
  const { push, tick, seen, lines } = cutter(/PONG/);
  push("login: ", 1_000);
  assertEquals(lines.deadlineMs, 1_200);
  tick(1_199);
  assertEquals(seen.data, "");
  tick(1_200);
  assertEquals(seen.data, "login: ");
  push("PONG\n", 1_300);
  assertEquals(seen, { data: "login: PONG\n", beats: 0 });
});

Deno.test("the beginning of a heartbeat is held longer, and let go at last", () => {
  const { push, tick, seen, lines } = cutter(/PONG/);
  push("PO", 0);
  assertEquals(lines.deadlineMs, 1_000);
  tick(1_000);
  push("NG\nPONG\n", 1_001);
  assertEquals(seen, { data: "PONG\n", beats: 1 });
});

Deno.test("a line that is too long for a heartbeat is data, at once", () => {
  const { push, seen } = cutter(/^x+$/, 10);
  push("x".repeat(10));
  assertEquals(seen.data, "");
  push("x");
  assertEquals(seen.data, "x".repeat(11));
  push("x\nxx\n");
  assertEquals(seen, { data: "x".repeat(12) + "\n", beats: 1 });
});

Deno.test("a last line may lack its newline", () => {
  const one = cutter(/^PONG$/);
  one.push("a\nPONG");
  one.finish();
  assertEquals(one.seen, { data: "a\n", beats: 1 });
  const other = cutter(/^PONG$/);
  other.push("a\nPON");
  other.finish();
  assertEquals(other.seen, { data: "a\nPON", beats: 0 });
});

Deno.test("however it is cut, the same lines go and the same bytes stay", () => {
  const line = fc.constantFrom(
    "PONG\n",
    "PONG 7\r\n",
    "data\n",
    "\n",
    "PO\n",
    "xPONG\n",
    "\u00fc\n",
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 });
  fc.assert(fc.property(fc.array(line), cuts, fc.constantFrom(/^PONG/, /PONG/, /^PONG( \d)?$/), (
    lines,
    sizes,
    pattern,
  ) => {
    const { lines: machine, seen } = cutter(pattern);
    const decoder = new TextDecoder();
    let data = "";
    const bytes = encoder.encode(lines.join(""));
    const take = (part: Uint8Array) => void (data += decoder.decode(part, { stream: true }));
    let turn = 0;
    for (let at = 0; at < bytes.length;) {
      const size = sizes[turn++ % sizes.length] ?? 1;
      machine.push(bytes.subarray(at, at + size), 0, take);
      at += size;
    }
    machine.finish(take);
    const isBeat = (one: string) => pattern.test(one.replace(/\r?\n$/, ""));
    assertEquals(data, lines.filter((one) => !isBeat(one)).join(""));
    assertEquals(seen.beats, lines.filter(isBeat).length);
  }));
});

Deno.test("a line made to send a pattern back and forth costs no time", () => {
  const { push, seen } = cutter(/^(a+)+$/);
  const hostile = "a".repeat(4_000) + "b\n";
  push(hostile);
  push("aaa\n" + "a".repeat(4_000));
  push("b\n");
  assertEquals(seen, { data: hostile + hostile, beats: 1 });
});
