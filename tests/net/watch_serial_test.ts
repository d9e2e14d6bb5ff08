/** Watching real sockets: what is up, what is not, and what a probe leaves behind. @module */

import "../support/libc.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { serve } from "../../lib/api/serve.ts";
import { watch } from "../../lib/api/watch.ts";
import { makeContext } from "../../lib/core/context.ts";
import { AddressError, NetError } from "../../lib/core/error.ts";
import { defaultLimits } from "../../lib/core/limits.ts";
import { parseAddress } from "../../lib/address/parse.ts";
import { canKnock, knockOn } from "../../lib/transport/knock.ts";
import { readinessSettled } from "../../lib/sys/readiness.ts";
import { descriptorLinks } from "../support/descriptors.ts";
import { freeTcpPort } from "../support/ports.ts";

/** A way to knock at a port of loopback. */
function knockAt(port: number, host = "127.0.0.1") {
  const address = parseAddress(`tcp://${host}:${port}`);
  assert(canKnock(address));
  return knockOn(address);
}

/** Connections in TIME_WAIT (state 06) that have this port at either end, by /proc/net/tcp. */
function timeWaits(port: number): number {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = Deno.readTextFileSync("/proc/net/tcp").split("\n").map((line) =>
    line.trim().split(/\s+/)
  );
  return lines.filter(([, local, remote, state]) => {
    return state === "06" && (local?.endsWith(end) || remote?.endsWith(end));
  }).length;
}

Deno.test("a knock tells whether somebody listens, and is never seen by who does", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const before = descriptorLinks().length;
  const knock = knockAt(port);
  for (let count = 0; count < 200; count++) {
    const tookMs = await knock(makeContext());
    assert(tookMs >= 0 && tookMs < 5_000, `${tookMs} ms`);
  }
  assertEquals(descriptorLinks().length, before);
  assertEquals(timeWaits(port), 0);
  // The first connection that is accepted is the first that meant it.
  const accepted = listener.accept();
  using real = await Deno.connect({ hostname: "127.0.0.1", port });
  using first = await accepted;
  assertEquals(first.remoteAddr, real.localAddr);
});

Deno.test("a knock where nobody listens is refused, and holds nothing", async () => {
  const before = descriptorLinks().length;
  const knock = knockAt(freeTcpPort());
  for (let count = 0; count < 50; count++) {
    const error = await assertRejects(async () => await knock(makeContext()), NetError);
    assertEquals([error.kind, error.code, error.blame], ["refused", "ECONNREFUSED", "remote"]);
    assertEquals(error.attempts.length, 1);
  }
  await readinessSettled();
  assertEquals(descriptorLinks().length, before);
});

Deno.test("a knock by name finds the address that answers", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  assert(await knockAt(port, "localhost")(makeContext()) >= 0);
  const refused = knockAt(freeTcpPort(), "localhost");
  const error = await assertRejects(async () => await refused(makeContext()), NetError);
  assertEquals(error.kind, "refused");
  await readinessSettled();
});

/** A listener whose queue is full: the kernel answers no SYN any more. */
async function silent() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  const stop = new AbortController();
  const conns = await Promise.all(Array.from({ length: 4 }, async (_, index) => {
    if (index === 3) setTimeout(() => stop.abort(), 300);
    return await Deno.connect({ hostname: "127.0.0.1", port, signal: stop.signal }).catch(() =>
      null
    );
  }));
  return {
    port,
    [Symbol.dispose]() {
      listener.close();
      for (const conn of conns) conn?.close();
    },
  };
}

Deno.test("a knock that nobody answers ends with its signal, and holds nothing", async () => {
  using quiet = await silent();
  const before = descriptorLinks().length;
  const stop = new AbortController();
  const waiting = knockAt(quiet.port)(makeContext({ signal: stop.signal }));
  assert(typeof waiting !== "number");
  assertEquals(descriptorLinks().length, before + 1);
  stop.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await readinessSettled();
  assertEquals(descriptorLinks().length, before);
});

Deno.test("only plain TCP is knocked at", () => {
  for (const text of ["tcp://h:1?nodelay", "udp://h:1", "unix:/x"]) {
    assert(!canKnock(parseAddress(text)), text);
  }
});

Deno.test("each kind of endpoint is watched by what tells that somebody is there", async () => {
  const name = `unix:@plumb-${crypto.randomUUID()}`;
  await using server = await serve("echo", ["tcp://127.0.0.1:0", "udp://127.0.0.1:0", name]);
  await using pong = await serve("pingpong", "tcp://127.0.0.1:0");
  await using discard = await serve("discard", "tcp://127.0.0.1:0");
  using quiet = await silent();
  const [tcp = "", udp = "", unix = ""] = server.addresses.map(({ text }) => text);
  const port = freeTcpPort();
  const noEcho = discard.addresses[0]?.text ?? "";
  await using watching = watch([
    tcp,
    `${tcp}?nodelay`,
    udp,
    unix,
    "exec:true",
    { address: tcp, name: "echo", mode: "echo" },
    { address: udp, name: "udp echo", mode: "echo" },
    { address: unix, name: "unix echo", mode: "echo" },
    { address: pong.addresses[0]?.text ?? "", name: "pong", mode: "pingpong" },
    { address: noEcho, name: "no echo", mode: "echo", timeoutMs: 200 },
    { address: `tcp://127.0.0.1:${quiet.port}`, name: "silent", timeoutMs: 200 },
    `tcp://127.0.0.1:${port}`,
    `udp://127.0.0.1:${port}`,
    "unix:/nonexistent/plumb",
    "exec:/nonexistent/plumb",
  ], { rounds: 1, misses: 1, timeoutMs: 15_000 });
  await watching.done;
  await readinessSettled();
  const shown = [...watching.targets].map(({ state, reason }) => `${state} ${reason}`.trim());
  assertEquals(shown, [
    "up",
    "up",
    "up",
    "up",
    "up",
    "up",
    "up",
    "up",
    "up",
    "down no answer within 200 ms",
    "down no answer within 200 ms",
    "down connection refused (ECONNREFUSED)",
    "down connection refused (ECONNREFUSED)",
    "down no such file or directory (ENOENT)",
    "unknown this machine: no such program (ENOENT)",
  ]);
});

Deno.test("a server that goes and comes back is told as up, suspect, down, up", async () => {
  const first = await serve("echo", "tcp://127.0.0.1:0");
  const address = first.addresses[0]?.text ?? "";
  await using watching = watch(address, { everyMs: 20, misses: 2, rises: 2 });
  let server = first;
  const states: string[] = [];
  try {
    for await (const change of watching) {
      if (change.event !== "state") continue;
      states.push(change.state);
      if (states.length === 1) await first[Symbol.asyncDispose]();
      if (change.state === "down") server = await serve("echo", address);
      if (states.length > 1 && change.state === "up") break;
    }
  } finally {
    await server[Symbol.asyncDispose]();
  }
  assertEquals(states, ["up", "suspect", "down", "up"]);
  await watching[Symbol.asyncDispose]();
  await readinessSettled();
});

Deno.test("what cannot be watched is refused before anything is opened", () => {
  const kind = (targets: Parameters<typeof watch>[0], options = {}) =>
    assertThrows(() => watch(targets, options), NetError).kind;
  assertEquals(kind("-"), "usage");
  assertEquals(kind(["h:1", "tcp://h:1"]), "usage");
  assertEquals(kind("tcp://h:1?reconnect"), "usage");
  assertEquals(kind("h:1", { everyMs: 0 }), "usage");
  assertEquals(kind(["h:1", "h:2"], { limits: { "watch-targets": 1 } }), "limit");
  assertThrows(() => watch("listen::1"), AddressError);
  assertThrows(() => watch("tcp://h:1?nosuch=1"), AddressError);
});

Deno.test("targets that cannot be leave those that are", async () => {
  await using watching = watch("tcp://127.0.0.1:9", { limits: defaultLimits });
  assertThrows(() => watching.setTargets(["h:1", "h:1"]), NetError);
  assertThrows(() => watching.setTargets(["nowhere"]), AddressError);
  assertEquals([...watching.targets].map(({ settings }) => settings.name), ["tcp://127.0.0.1:9"]);
  watching.setTargets([{ address: "unix:/nonexistent/plumb", name: "nine" }]);
  assertEquals([...watching.targets].map(({ settings }) => settings.name), ["nine"]);
  await watching[Symbol.asyncDispose]();
  await readinessSettled();
});
