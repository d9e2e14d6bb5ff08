import { assertEquals, assertThrows } from "@std/assert";
import { readKeepalive } from "../../../lib/transport/socket_options.ts";

Deno.test("keepalive is on, off, or its three numbers from the left", () => {
  assertEquals(readKeepalive("on"), true);
  assertEquals(readKeepalive("off"), false);
  assertEquals(readKeepalive("30s"), { idleMs: 30_000 });
  assertEquals(readKeepalive("30s/5s"), { idleMs: 30_000, intervalMs: 5_000 });
  assertEquals(readKeepalive("1m/5s/3"), { idleMs: 60_000, intervalMs: 5_000, count: 3 });
  assertEquals(readKeepalive("/5s/3"), { intervalMs: 5_000, count: 3 });
});

Deno.test("a keepalive that is none is refused", () => {
  for (const text of ["", "30", "30s/5s/3/1", "30s/5s/x", "yes", "30s/5s/-1", "30s/5s/"]) {
    assertThrows(() => readKeepalive(text), Error, undefined, text);
  }
});
