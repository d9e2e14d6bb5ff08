import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import { LineReader, readExactly, readLine } from "../../../lib/stream/read.ts";
import { sourceOf } from "../../support/source.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (got: Uint8Array | null) => got === null ? null : new TextDecoder().decode(got);
/** The same bytes whole, byte by byte, and cut in threes. */
const cuts = (whole: string) => [
  [bytes(whole)],
  [...bytes(whole)].map((byte) => Uint8Array.of(byte)),
  Array.from(
    { length: Math.ceil(whole.length / 3) },
    (_, i) => bytes(whole.slice(3 * i, 3 * i + 3)),
  ),
];

Deno.test("readExactly fills the buffer however the bytes arrive and leaves the rest", async () => {
  for (const chunks of cuts("hello world")) {
    const from = sourceOf(chunks);
    assertEquals(text(await readExactly(from, new Uint8Array(5))), "hello");
    assertEquals(text(await readExactly(from, new Uint8Array(6))), " world");
    assertEquals(await readExactly(from, new Uint8Array(1)), null);
  }
});

Deno.test("readExactly of nothing is full at once", async () => {
  assertEquals(await readExactly(sourceOf([]), new Uint8Array(0)), new Uint8Array(0));
});

Deno.test("readExactly says how much of the wanted bytes came", async () => {
  const error = await assertRejects(
    () => readExactly(sourceOf([bytes("abc")]), new Uint8Array(5)),
    NetError,
    "3 of 5 bytes",
  );
  assertEquals(error.kind, "protocol");
});

Deno.test("lines keep their newline, the last may lack it", async () => {
  for (const chunks of cuts("a\r\nbc\n\nd")) {
    const lines = new LineReader(sourceOf(chunks));
    const got = [];
    for (let line = await lines.readLine(); line !== null; line = await lines.readLine()) {
      got.push(text(line));
    }
    assertEquals(got, ["a\r\n", "bc\n", "\n", "d"]);
    assertEquals(await lines.readLine(), null);
  }
});

Deno.test("any text cut anywhere gives the same lines", async () => {
  const line = fc.string({ unit: fc.constantFrom("a", "b", "\r"), maxLength: 40 });
  await fc.assert(fc.asyncProperty(
    fc.array(line, { maxLength: 30 }),
    fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1, maxLength: 8 }),
    async (lines, sizes) => {
      const whole = bytes(lines.map((one) => `${one}\n`).join(""));
      const chunks: Uint8Array[] = [];
      let at = 0;
      while (at < whole.length) {
        const size = sizes[chunks.length % sizes.length] ?? 1;
        chunks.push(whole.subarray(at, at + size));
        at += size;
      }
      const reader = new LineReader(sourceOf(chunks), 64);
      const got = [];
      for (let one = await reader.readLine(); one !== null; one = await reader.readLine()) {
        got.push(text(one)?.slice(0, -1));
      }
      assertEquals(got, lines);
    },
  ));
});

Deno.test("a line over the maximum is refused, one of exactly the maximum is not", async () => {
  const exact = new LineReader(sourceOf([bytes("x".repeat(99) + "\n")]), 100);
  assertEquals((await exact.readLine())?.length, 100);
  for (const chunks of cuts("x".repeat(101))) {
    const lines = new LineReader(sourceOf(chunks), 100);
    const error = await assertRejects(() => lines.readLine(), NetError, "100 bytes");
    assertEquals(error.kind, "limit");
  }
});

Deno.test("what follows the lines is handed over by rest", async () => {
  const lines = new LineReader(sourceOf([bytes("head\nbody of bytes")]));
  assertEquals(text(await lines.readLine()), "head\n");
  assertEquals(text(lines.rest()), "body of bytes");
  assertEquals(await lines.readLine(), null);
});

Deno.test("readLine leaves what follows the line unread in the session", async () => {
  const from = sourceOf([bytes("one\ntwo")]);
  assertEquals(text(await readLine(from, 100)), "one\n");
  assertEquals(text(await readLine(from, 100)), "two");
  assertEquals(await readLine(from, 100), null);
  await assertRejects(() => readLine(sourceOf([bytes("toolong")]), 3), NetError, "3 bytes");
});
