import { assert, assertEquals, assertFalse } from "@std/assert";
import { evaluate, rangeCounts } from "../../../lib/service/http_conditions.ts";

const modifiedMs = Date.UTC(1994, 10, 6, 8, 49, 37);
const current = { etag: '"a"', modifiedMs };
const same = "Sun, 06 Nov 1994 08:49:37 GMT";
const before = "Sun, 06 Nov 1994 08:49:36 GMT";
const nowMs = Date.UTC(2026, 0);

const given = (headers: Readonly<Record<string, string>>) => (name: string) => headers[name];

Deno.test("preconditions are looked at in the order of RFC 9110 section 13.2.2", () => {
  const cases: [Record<string, string>, ReturnType<typeof evaluate>][] = [
    [{}, "proceed"],
    [{ "if-none-match": '"a"' }, "not-modified"],
    [{ "if-none-match": 'W/"a"' }, "not-modified"],
    [{ "if-none-match": '"x", "a"' }, "not-modified"],
    [{ "if-none-match": "*" }, "not-modified"],
    [{ "if-none-match": '"b"' }, "proceed"],
    [{ "if-none-match": "a" }, "proceed"],
    // A tag takes the place of the date.
    [{ "if-none-match": '"b"', "if-modified-since": same }, "proceed"],
    [{ "if-modified-since": same }, "not-modified"],
    [{ "if-modified-since": before }, "proceed"],
    [{ "if-modified-since": "yesterday" }, "proceed"],
    [{ "if-match": '"a"' }, "proceed"],
    [{ "if-match": 'W/"a"' }, "failed"],
    [{ "if-match": '"b"' }, "failed"],
    [{ "if-match": '"a"', "if-none-match": '"a"' }, "not-modified"],
    [{ "if-unmodified-since": same }, "proceed"],
    [{ "if-unmodified-since": before }, "failed"],
    [{ "if-match": '"a"', "if-unmodified-since": before }, "proceed"],
  ];
  for (const [headers, expected] of cases) {
    assertEquals(evaluate(given(headers), current, nowMs), expected, JSON.stringify(headers));
  }
});

Deno.test("a range counts only for the state that the client has a part of", () => {
  assert(rangeCounts(given({}), current, nowMs));
  assert(rangeCounts(given({ "if-range": '"a"' }), current, nowMs));
  assert(rangeCounts(given({ "if-range": same }), current, nowMs));
  for (const text of ['"b"', 'W/"a"', before, "", "nonsense"]) {
    assertFalse(rangeCounts(given({ "if-range": text }), current, nowMs), text);
  }
});
