import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { Utf8Upper } from "../../../lib/service/utf8_upper.ts";
import { cutAt, machineOf, stepAll } from "../../support/machine.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const cuts = fc.array(fc.nat(4096), { maxLength: 20 });
const clock = new VirtualClock();
const machine = (messages = false) => machineOf("upper", clock, messages, { utf8: true });

/** Text in which characters that grow, shrink or have no case are frequent. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "a",
      "Z",
      "\u00df",
      "\u0149",
      "\u0390",
      "\ufb03",
      "\u20ac",
      "\u{10428}",
      "\ufeff",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 100,
});

function upperInPieces(pieces: readonly Uint8Array[]): Uint8Array {
  return stepAll(machine(), ["open", ...pieces, "end"]).bytes;
}

Deno.test("upper of UTF-8 equals the upper case of the whole text under any cut", () => {
  fc.assert(fc.property(text, cuts, (whole, offsets) => {
    assertEquals(upperInPieces(cutAt(encode(whole), offsets)), encode(whole.toUpperCase()));
  }));
});

Deno.test("upper of UTF-8 fed byte by byte equals the upper case of the whole text", () => {
  fc.assert(fc.property(text, (whole) => {
    const bytes = [...encode(whole)].map((byte) => Uint8Array.of(byte));
    assertEquals(upperInPieces(bytes), encode(whole.toUpperCase()));
  }));
});

Deno.test("what is not UTF-8 comes back byte for byte, and cuts do not matter", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (bytes, offsets) => {
    assertEquals(upperInPieces(cutAt(bytes, offsets)), upperInPieces([bytes]));
  }));
});

Deno.test("text between bytes that are not UTF-8 is upper-cased", () => {
  const junk = fc.constantFrom<number[]>(
    [0xff],
    [0xc0, 0xaf], // overlong
    [0xe0, 0x80, 0x80],
    [0xed, 0xa0, 0x80], // a surrogate
    [0xf4, 0x90, 0x80, 0x80], // above U+10FFFF
    [0xf5, 0x80],
    [0x80],
    [0xe2, 0x82], // cut off: the letter after it does not continue it
  );
  const word = fc.constantFrom("abc", "\u00dfx", "\u20acy", "Z\u{10428}");
  fc.assert(
    fc.property(fc.array(fc.tuple(junk, word), { maxLength: 10 }), cuts, (parts, offsets) => {
      const join = (map: (word: string) => string) =>
        Uint8Array.from(parts.flatMap(([bad, good]) => [...bad, ...encode(map(good)), 0x2e]));
      const lower = join((good) => good);
      assertEquals(upperInPieces(cutAt(lower, offsets)), join((good) => good.toUpperCase()));
    }),
  );
});

Deno.test("a sequence that is cut off at the end comes back untouched, and only then", () => {
  const stepping = machine();
  assertEquals([...stepAll(stepping, ["open", Uint8Array.of(0x61, 0xe2, 0x82)]).bytes], [0x41]);
  assertEquals(stepAll(stepping, ["end"]), { bytes: Uint8Array.of(0xe2, 0x82), ended: true });
});

Deno.test("a message is whole: a sequence cut off in it is not continued by the next message", () => {
  const stepping = machine(true);
  assertEquals([...stepAll(stepping, [Uint8Array.of(0x61, 0xc3)]).bytes], [0x41, 0xc3]);
  assertEquals([...stepAll(stepping, [Uint8Array.of(0xa9)]).bytes], [0xa9]);
  // An empty message still has an (empty) answer.
  let answers = 0;
  stepping.step(new Uint8Array(0), 0, { put: () => answers++ });
  assertEquals(answers, 1);
});

Deno.test("a byte order mark is text like any other", () => {
  assertEquals([...new Utf8Upper().push(encode("\ufeffa"))], [0xef, 0xbb, 0xbf, 0x41]);
});

Deno.test("text that grows threefold fits", () => {
  const grown = upperInPieces([encode("\u0390".repeat(5000))]);
  assertEquals(grown, encode("\u0390".repeat(5000).toUpperCase()));
  assertEquals(grown.length, 30_000);
});
