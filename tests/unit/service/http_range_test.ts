import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { chooseRange } from "../../../lib/service/http_range.ts";

Deno.test("one range is served, cut to what is there (RFC 9110 section 14.1.2)", () => {
  const cases = [
    ["bytes=0-0", 10, { start: 0, end: 0 }],
    ["bytes=2-5", 10, { start: 2, end: 5 }],
    ["bytes=5-", 10, { start: 5, end: 9 }],
    ["bytes=5-99", 10, { start: 5, end: 9 }],
    ["bytes=-3", 10, { start: 7, end: 9 }],
    ["bytes=-99", 10, { start: 0, end: 9 }],
    ["BYTES=9-9", 10, { start: 9, end: 9 }],
    ["bytes= 1-2 ,", 10, { start: 1, end: 2 }],
    ["bytes=0-99999999999999999999999", 10, { start: 0, end: 9 }],
  ] as const;
  for (const [header, size, expected] of cases) {
    assertEquals(chooseRange(header, size), expected, header);
  }
});

Deno.test("a range that begins behind the end cannot be satisfied, nor one of nothing", () => {
  for (const [header, size] of [["bytes=10-", 10], ["bytes=-0", 10], ["bytes=0-", 0]] as const) {
    assertEquals(chooseRange(header, size), "unsatisfiable", header);
  }
  assertEquals(chooseRange("bytes=-5", 0), "unsatisfiable");
  assertEquals(chooseRange("bytes=10-,20-30", 10), "unsatisfiable");
});

Deno.test("several ranges, and what is none, are answered by the whole", () => {
  const headers = [
    undefined,
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=5-2",
    "bytes=a-b",
    "bytes=1-2;3",
    "items=0-1",
    "bytes=0-1,3-4",
    "bytes=0-1,99-",
    `bytes=${"0-0,".repeat(200)}1-1`,
  ];
  for (const header of headers) assertEquals(chooseRange(header, 10), "whole", header ?? "none");
});

Deno.test("no header and no size gives a range outside of the file", () => {
  const header = fc.oneof(
    fc.string(),
    fc.tuple(fc.string({ unit: fc.constantFrom(..."0123456789-, ") })).map(([s]) => `bytes=${s}`),
  );
  fc.assert(fc.property(header, fc.nat(1000), (text, size) => {
    const range = chooseRange(text, size);
    if (typeof range === "string") return;
    assert(0 <= range.start && range.start <= range.end && range.end < size);
  }));
});
