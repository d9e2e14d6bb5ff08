import { assertEquals } from "@std/assert";
import { errnoError, errnoName, errnoNumber } from "../../../lib/sys/errno.ts";

Deno.test("error numbers have the names that Linux gives them", () => {
  const known = { EAGAIN: 11, EPIPE: 32, EADDRINUSE: 98, ECONNRESET: 104, ECONNREFUSED: 111 };
  for (const [name, number] of Object.entries(known)) {
    assertEquals(errnoName(number), name);
    assertEquals(errnoNumber(name), number);
  }
  assertEquals(errnoName(4095), "E4095");
  assertEquals(errnoNumber("ENONSENSE"), undefined);
  assertEquals(errnoNumber("toString"), undefined);
});

Deno.test("an error number becomes the error that core knows, with its blame", () => {
  const refused = errnoError("connect", 111, "tcp://h:1");
  assertEquals(refused.message, "connect tcp://h:1: connection refused (ECONNREFUSED)");
  assertEquals([refused.kind, refused.blame], ["refused", "remote"]);
  const inUse = errnoError("bind", 98);
  assertEquals([inUse.kind, inUse.blame], ["in-use", "local"]);
});

Deno.test("an error number that core does not know stays unexpected, in words", () => {
  const invalid = errnoError("listen", 22);
  assertEquals([invalid.kind, invalid.message], [
    "unexpected",
    "listen: invalid argument (EINVAL)",
  ]);
  assertEquals(errnoError("x", 4095).message, "x: system error 4095 (E4095)");
});
