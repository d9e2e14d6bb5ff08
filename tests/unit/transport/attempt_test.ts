import { assertEquals, assertStringIncludes } from "@std/assert";
import { connectError } from "../../../lib/transport/attempt.ts";

function refused(address: string) {
  const thrown = new Deno.errors.ConnectionRefused("Connection refused (os error 111)");
  return { address, thrown, durationMs: 1 };
}

function failed(address: string, code: string) {
  return { address, thrown: Object.assign(new Error(code), { code }), durationMs: 2 };
}

Deno.test("one address that refuses gives its own words", () => {
  const error = connectError("tcp://db:5432", [refused("127.0.0.1:5432")]);
  assertEquals(error.message, "connect tcp://db:5432: connection refused (ECONNREFUSED)");
  assertEquals([error.kind, error.blame, error.code], ["refused", "remote", "ECONNREFUSED"]);
  assertEquals(error.attempts.map(({ address }) => address), ["127.0.0.1:5432"]);
});

Deno.test("several addresses are each named with their cause", () => {
  const error = connectError("tcp://db:5432", [
    refused("[::1]:5432"),
    failed("127.0.0.1:5432", "EHOSTUNREACH"),
  ]);
  assertEquals(
    error.message,
    "connect tcp://db:5432: no address answered: [::1]:5432 connection refused (ECONNREFUSED); " +
      "127.0.0.1:5432 no route to host (EHOSTUNREACH)",
  );
  assertEquals([error.kind, error.blame], ["unreachable", "remote"]);
  assertEquals(error.attempts.map(({ code }) => code), ["ECONNREFUSED", "EHOSTUNREACH"]);
});

Deno.test("several that fail alike keep their kind", () => {
  const error = connectError("tcp://db:1", [refused("[::1]:1"), refused("127.0.0.1:1")]);
  assertEquals(error.kind, "refused");
});

Deno.test("a machine without a route or without descriptors blames itself", () => {
  for (const code of ["ENETUNREACH", "ENETDOWN", "EMFILE", "EADDRNOTAVAIL", "EACCES"]) {
    assertEquals(connectError("tcp://x:1", [failed("192.0.2.9:1", code)]).blame, "local");
  }
  const mixed = [failed("[2001:db8::1]:1", "ENETUNREACH"), refused("192.0.2.9:1")];
  assertEquals(connectError("tcp://x:1", mixed).blame, "remote");
});

Deno.test("a bug among the attempts does not hide behind the others", () => {
  const bug = { address: "[::1]:1", thrown: new TypeError("oops"), durationMs: 0 };
  assertEquals(connectError("tcp://x:1", [bug, refused("127.0.0.1:1")]).kind, "unexpected");
});

Deno.test("a blackhole route is named, and is a fault of this machine", () => {
  const thrown = Object.assign(new TypeError("Invalid argument"), { code: "EINVAL" });
  const error = connectError("tcp://h:1", [{ address: "10.9.9.9:1", thrown, durationMs: 0 }]);
  assertEquals([error.kind, error.blame, error.code], ["unreachable", "local", "EINVAL"]);
  assertStringIncludes(error.message, "blackhole");
});
