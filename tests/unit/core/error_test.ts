/** Text of others in an error line: shown, never obeyed by the terminal. */

import { assertEquals } from "@std/assert";
import { escapeControls, quote } from "../../../lib/core/error.ts";

Deno.test("what a terminal would obey is shown as an escape", () => {
  assertEquals(escapeControls("a\n\x1b[31m\x9bb"), "a\\x0a\\x1b[31m\\x9bb");
  assertEquals(escapeControls("line\u2028end"), "line\\u2028end");
  // Text that is turned around would show another address than the one that is meant.
  assertEquals(escapeControls("tcp://\u202e08:moc"), "tcp://\\u202e08:moc");
  assertEquals(escapeControls("\u2066a\u2069\u200f"), "\\u2066a\\u2069\\u200f");
  assertEquals(escapeControls("\ud800"), "\\ud800");
});

Deno.test("what is only foreign stays as it is", () => {
  assertEquals(escapeControls("m\u00fcnchen \u{1f600}"), "m\u00fcnchen \u{1f600}");
});

Deno.test("a quoted text is at most 80 characters before it is escaped", () => {
  assertEquals(quote("x".repeat(81)), `${"x".repeat(77)}...`);
});
