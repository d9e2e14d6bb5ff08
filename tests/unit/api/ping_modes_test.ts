/**
 * What can be pinged, and how.
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { parseAddress } from "../../../lib/address/parse.ts";
import { type PingMode, pingModeOf } from "../../../lib/api/ping_modes.ts";
import { NetError } from "../../../lib/core/error.ts";

const modeOf = (address: string, mode?: PingMode, size = 56) =>
  pingModeOf(parseAddress(address), mode, size);

Deno.test("streams to a peer are timed by connecting, all else by an echo, unless told", () => {
  for (const address of ["tcp://h:1", "unix:/x", "memory:x"]) {
    assertEquals(modeOf(address), "connect");
    assertEquals(modeOf(address, "echo", 1), "echo");
  }
  for (const address of ["udp://h:1", "unixgram:/x", "exec:cat", "sh:cat", "fd:3", "script:end"]) {
    assertEquals(modeOf(address), "echo");
    assertEquals(modeOf(address, "pingpong"), "pingpong");
  }
});

Deno.test("what has no peer, or opens no connection, is a usage error; so is a size that cannot be", () => {
  const refused: readonly (() => PingMode)[] = [
    () => modeOf("-"),
    () => modeOf("file:/x"),
    () => modeOf("fifo:/x", "echo"),
    () => modeOf("udp://h:1", "connect"),
    () => modeOf("exec:cat", "connect"),
    () => modeOf("udp://h:1", "echo", 3),
    () => modeOf("tcp://h:1", "echo", 0),
    () => modeOf("tcp://h:1", "echo", 65_508),
  ];
  for (const ask of refused) assertEquals(assertThrows(ask, NetError).kind, "usage");
});

Deno.test("a ping keeps nothing alive and makes nothing anew", () => {
  const each = assertThrows(() => modeOf("tcp://h:1?heartbeat"), NetError);
  assertEquals(
    each.message,
    "ping: --mode connect opens a connection for each request; it keeps none alive",
  );
  const anew = assertThrows(() => modeOf("tcp://h:1?reconnect", "echo"), NetError);
  assertEquals(anew.message, "ping: a ping ends with its connection: no reconnect");
  // A greeting goes before the first request; a heartbeat beside them.
  assertEquals(modeOf("tcp://h:1?on-connect=/hello&heartbeat=send=x", "echo"), "echo");
});
