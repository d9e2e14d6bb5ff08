import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { namesOf, readTarget } from "../../../lib/service/http_target.ts";

Deno.test("origin and absolute form are read, everything else is none (RFC 9112 section 3.2)", () => {
  assertEquals(readTarget("/a?b=c?d"), { path: "/a", query: "?b=c?d" });
  assertEquals(readTarget("http://h:80/a/"), { path: "/a/", query: "" });
  assertEquals(readTarget("HTTP://h"), { path: "/", query: "" });
  assertEquals(readTarget("http://h?q"), { path: "/", query: "?q" });
  for (
    const text of [
      "",
      "*",
      "a",
      "h:80",
      "ftp://h/",
      "http:///a",
      "/a b",
      "/a#b",
      "/\u00e9",
      "/\u0000",
    ]
  ) {
    assertEquals(readTarget(text), null, text);
  }
});

Deno.test("a path is decoded once", () => {
  assertEquals(namesOf("/a%20b/%C3%A9"), { names: ["a b", "\u00e9"], directory: false });
  assertEquals(namesOf("/%252e%252e"), { names: ["%2e%2e"], directory: false });
  assertEquals(namesOf("/"), { names: [], directory: true });
  assertEquals(namesOf("/a/"), { names: ["a"], directory: true });
  assertEquals(namesOf("/a..b/...c".replace("/...c", "/c...")), {
    names: ["a..b", "c..."],
    directory: false,
  });
});

Deno.test("every way out of the root is refused, in any writing", () => {
  const out = [
    "/..",
    "/../etc/passwd",
    "/a/../b",
    "/.",
    "/%2e%2e/etc/passwd",
    "/%2E./x",
    "/..%2fetc",
    "/a%2f..%2f..%2fetc",
    "/%2fetc/passwd",
    "/a\\..\\..\\b",
    "/..%5c..%5cb",
    "/a%00.html",
    "/a%0a",
    "//etc/passwd",
    "/a//b",
    "/%c0%ae%c0%ae/x", // overlong
    "/%",
    "/%zz",
    "/%ff",
    "/.git/config",
    "/a/.htpasswd",
    "/%2egit",
  ];
  for (const path of out) assert("refused" in namesOf(path), path);
});

Deno.test("names never hold what could leave a folder, whatever the path", () => {
  const piece = fc.constantFrom(
    ..."/.\\%",
    "..",
    "%2e",
    "%2f",
    "%5c",
    "%00",
    "%25",
    "a",
    "%c3%a9",
    "\u0000",
    " ",
  );
  const path = fc.array(piece, { maxLength: 20 }).map((parts) => `/${parts.join("")}`);
  fc.assert(
    fc.property(fc.oneof(path, fc.string().map((text) => `/${text}`)), (text) => {
      const found = namesOf(text);
      if ("refused" in found) return;
      for (const name of found.names) {
        assertFalse(name === "" || name.startsWith(".") || /[/\\\0]/.test(name), text);
      }
    }),
    { numRuns: 2_000 },
  );
});
