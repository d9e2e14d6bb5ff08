import { assertEquals, assertThrows } from "@std/assert";
import type { InetAddress } from "../../../lib/core/address.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import { bindEach, bindHosts } from "../../../lib/transport/bind.ts";

const address = (host: string, port: number): InetAddress => {
  return { scheme: "tcp", passive: true, options: [], host, port };
};

interface FakeSocket {
  readonly end: string;
  close(): void;
}

/** A machine of which some ends are taken; the ports that it picks are given. */
function machine(taken: readonly string[], picks: readonly number[], lacks = "") {
  const open = new Set<string>();
  const left = [...picks];
  return {
    open: (host: string, port: number) => {
      if (host === lacks) throw Object.assign(new Error("no IPv6"), { code: "EAFNOSUPPORT" });
      const end = `${host} ${port === 0 ? left.shift() : port}`;
      if (taken.includes(end)) throw new Deno.errors.AddrInUse("taken");
      open.add(end);
      return { end, close: () => void open.delete(end) };
    },
    portOf: (socket: FakeSocket) => Number(socket.end.split(" ")[1]),
    ends: () => [...open],
  };
}

Deno.test("every address of a name is bound on the port that the first one got", () => {
  const { ends, ...binder } = machine([], [4001]);
  bindHosts<FakeSocket>(address("db", 0), ["127.0.0.1", "::1"], binder);
  assertEquals(ends(), ["127.0.0.1 4001", "::1 4001"]);
});

Deno.test("a picked port that is taken on another address is given up for a new one", () => {
  const { ends, ...binder } = machine(["::1 4001", "::1 4002"], [4001, 4002, 4003]);
  bindHosts<FakeSocket>(address("db", 0), ["127.0.0.1", "::1"], binder);
  assertEquals(ends(), ["127.0.0.1 4003", "::1 4003"]);
});

Deno.test("a given port that is taken on one address leaves nothing open", () => {
  const { ends, ...binder } = machine(["::1 80"], []);
  const bind = () => bindHosts<FakeSocket>(address("db", 80), ["127.0.0.1", "::1"], binder);
  const error = assertThrows(bind, NetError);
  assertEquals([error.kind, error.address], ["in-use", "tcp://[::1]:80"]);
  assertEquals(ends(), []);
});

Deno.test("picking a port ends, even where every one is taken", () => {
  const ports = Array.from({ length: 50 }, (_, at) => 4000 + at);
  const { ends, ...binder } = machine(ports.map((port) => `::1 ${port}`), ports);
  assertThrows(
    () => bindHosts<FakeSocket>(address("db", 0), ["127.0.0.1", "::1"], binder),
    NetError,
  );
  assertEquals(ends(), []);
});

Deno.test("an empty host is dual-stack, and IPv4 alone without IPv6", async () => {
  const both = machine([], []);
  await bindEach<FakeSocket>(address("", 80), both, makeContext());
  assertEquals(both.ends(), [":: 80"]);
  const old = machine([], [], "::");
  await bindEach<FakeSocket>(address("", 80), old, makeContext());
  assertEquals(old.ends(), ["0.0.0.0 80"]);
});
