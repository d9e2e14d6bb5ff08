/** Joining bytes. @module */

import { assert, assertEquals } from "@std/assert";
import { concatenate } from "../../../lib/core/bytes.ts";

Deno.test("parts are joined in order, empty ones and none at all included", () => {
  const parts = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)];
  assertEquals(concatenate(parts), Uint8Array.of(1, 2, 3));
  assertEquals(concatenate([]), new Uint8Array(0));
});

Deno.test("a single part is copied: its owner may change it", () => {
  const part = Uint8Array.of(7);
  assert(concatenate([part]) !== part);
});
