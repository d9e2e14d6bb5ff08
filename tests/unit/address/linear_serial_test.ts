/** Time grows with the text, not with its square. */

import { assertInstanceOf, assertLess } from "@std/assert";
import { splitForward } from "../../../lib/address/forward.ts";
import { formatAddress } from "../../../lib/address/format.ts";
import { parseAddress } from "../../../lib/address/parse.ts";
import { parseDuration, ValueError } from "../../../lib/address/value.ts";
import { splitWords } from "../../../lib/address/words.ts";
import { AddressError } from "../../../lib/core/error.ts";

const heads = [
  "",
  "listen:",
  "tcp://",
  "tcp://h:",
  "tcp://[",
  "tcp://h:1?",
  "tcp://h:1?a=",
  "unix:",
  "unix:@",
]
  .concat(["memory:", "exec:", "exec:?", "exec:? ", "sh:", "script:", "script:send=", "fd:"]);
const units = [..."%[]:?&=@/\\'\"-.+ a0"]
  .concat("a=1&", "&a", "join&", "%41", "%e2%82%ac", "::", "://", "a.", "0.", "\u00e9", "\u{1f600}")
  .concat("\\a", "'a'", '"a" ', "send=a&", "close&", "=tcp:", "listen:", "\ud800", "\n", "0x");

/** Runs a parser on hostile text; it may refuse, nothing else. */
function attempt(run: () => unknown): void {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof ValueError) return;
    assertInstanceOf(thrown, AddressError);
  }
}

function fill(head: string, unit: string, length: number): string {
  return head + unit.repeat((length - head.length) / unit.length);
}

/** Milliseconds of the quickest of a few runs: the others met a collector or a neighbour. */
function quickest(run: () => void, times: number): number {
  let least = Infinity;
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

Deno.test("a megabyte of anything is read or refused at once", () => {
  for (const unit of units) {
    const text = unit.repeat(2 ** 20 / unit.length);
    attempt(() => parseAddress(text));
    attempt(() => splitForward(text));
    attempt(() => parseDuration(text));
    attempt(() => splitWords(text));
  }
});

Deno.test("with the limit raised the grammar itself meets a megabyte", () => {
  const limits = { "address": 2 ** 21, "script-steps": 2 ** 21 };
  for (const head of ["tcp://", "unix:", "script:send=", "exec:", "tcp://h:1?a="]) {
    for (const unit of ["%41", "[", ":", "'", '"', "&a"]) {
      const text = head + unit.repeat(2 ** 20 / unit.length);
      const took = quickest(() => attempt(() => parseAddress(text, { limits })), 1);
      assertLess(took, 2000, `${head}${unit}...`);
    }
  }
  // Many short parts: a search beyond the part, once for each, would take seconds.
  for (const [head, unit] of [["udp://h:1?", "join&"], ["script:", "end&"]] as const) {
    const text = head + unit.repeat(2 ** 20 / unit.length);
    const took = quickest(() => attempt(() => parseAddress(text, { limits })), 1);
    assertLess(took, 2000, `${head}${unit}...`);
  }
});

Deno.test("twice the text takes about twice the time", () => {
  for (const head of heads) {
    for (const unit of units) {
      const read = (text: string) => () => attempt(() => formatAddress(parseAddress(text)));
      const half = fill(head, unit, 32 * 1024);
      const whole = fill(head, unit, 64 * 1024 / (unit > "\x7f" ? 2 : 1));
      // A square of 64 Ki steps takes longer than this; one slow run may be a neighbour's doing.
      if (quickest(read(whole), 1) < 100 || quickest(read(whole), 9) < 100) continue;
      // A square would be 4.
      const ratio = quickest(read(whole), 9) / quickest(read(half), 9);
      assertLess(ratio, 3.2, `${head}${unit}...`);
    }
  }
});
