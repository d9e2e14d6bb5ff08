import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { negotiate, parseMediaType, typeOfName } from "../../../lib/service/media_type.ts";

const offers = ["application/json", "application/xml", "text/plain"] as const;

Deno.test("the client's quality values decide, then the server's order (RFC 9110 section 12.5.1)", () => {
  const cases: [string | undefined, typeof offers[number] | null][] = [
    [undefined, "application/json"],
    ["", "application/json"],
    ["*/*", "application/json"],
    ["text/*", "text/plain"],
    ["application/xml", "application/xml"],
    ["APPLICATION/XML", "application/xml"],
    ["application/json;q=0.5, text/plain;q=0.8", "text/plain"],
    ["application/json; q=0, */*", "application/xml"],
    ["*/*;q=0.1, text/plain;q=0", "application/json"],
    ["application/*;q=0.2, application/xml;q=0.9, */*;q=0.5", "application/xml"],
    ["text/html, */*;q=0.1", "application/json"],
    ["application/xml;charset=utf-8", "application/xml"],
    ["image/png", null],
    ["text/plain;q=0", null],
    ["nonsense", null],
    ["text/plain;q=2", null],
  ];
  for (const [accept, expected] of cases) {
    assertEquals(negotiate(accept, offers), expected, String(accept));
  }
});

Deno.test("a media type is read with its parameters, and nothing else is one", () => {
  const type = parseMediaType(' Text/Plain ; charset="UTF-8"; x=y');
  assertEquals(type?.essence, "text/plain");
  assertEquals(Object.fromEntries(type?.parameters ?? []), { charset: "UTF-8", x: "y" });
  for (const text of ["", "text", "text/", "/plain", "text/plain, text/html", "te xt/plain"]) {
    assertEquals(parseMediaType(text), null, text);
  }
});

Deno.test("what is negotiated was offered, whatever is asked for", () => {
  fc.assert(fc.property(fc.string(), (accept) => {
    const chosen = negotiate(accept, offers);
    assertEquals(chosen === null || offers.includes(chosen), true);
  }));
});

Deno.test("a file's type follows from the last ending of its name", () => {
  assertEquals(typeOfName("a.HTML"), "text/html; charset=utf-8");
  assertEquals(typeOfName("a.tar.gz"), "application/gzip");
  for (const name of ["README", "a.", "a.constructor", "a.unknown"]) {
    assertEquals(typeOfName(name), "application/octet-stream", name);
  }
});
