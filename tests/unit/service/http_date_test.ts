import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatHttpDate, parseHttpDate } from "../../../lib/service/http_date.ts";

const nowMs = Date.UTC(2026, 10, 21);
const example = Date.UTC(1994, 10, 6, 8, 49, 37);

Deno.test("all three forms of a date are read, the first one is written (RFC 9110 section 5.6.7)", () => {
  assertEquals(formatHttpDate(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (
    const text of [
      "Sun, 06 Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
    ]
  ) assertEquals(parseHttpDate(text, nowMs), example, text);
});

Deno.test("a year of two digits is at most 50 years ahead", () => {
  const read = (year: string) => parseHttpDate(`Sunday, 06-Nov-${year} 08:49:37 GMT`, nowMs);
  assertEquals(new Date(read("76") ?? 0).getUTCFullYear(), 2076);
  assertEquals(new Date(read("77") ?? 0).getUTCFullYear(), 1977);
});

Deno.test("what is no such date is none", () => {
  for (
    const text of [
      "",
      "0",
      "1994-11-06T08:49:37Z",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 31 Feb 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:49:37 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "sun, 06 nov 1994 08:49:37 gmt",
      " Sun, 06 Nov 1994 08:49:37 GMT",
    ]
  ) assertEquals(parseHttpDate(text, nowMs), null, text);
});

Deno.test("what is written is read as the same second", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 0) }), (atMs) => {
    assertEquals(parseHttpDate(formatHttpDate(atMs), nowMs), atMs - atMs % 1000);
  }));
});
