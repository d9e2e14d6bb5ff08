/**
 * Faults of clients and of the machine, injected into a server: none of them is fatal to others.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { converse, cpuMs, echoed, fateOf, many } from "../support/clients.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { plumbCommand, run, start, startPlumb } from "../support/process.ts";
import "../support/libc.ts";

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const echo = ["serve", "echo", "tcp://127.0.0.1:0"];

Deno.test("64 descriptors and 300 clients: all are served in the end, without spinning", async () => {
  await using server = start(["prlimit", "--nofile=64:64", ...plumbCommand, ...echo]);
  const [address = ""] = await server.listening();
  // 300 at once; the first ones hold their places for a while.
  const held = await Promise.all(Array.from({ length: 100 }, () => connect(address)));
  const others = Promise.all(Array.from({ length: 200 }, (_, at) => converse(address, `${at}`)));
  await server.stderrLine(/24 connections reached: .* 64 descriptors allow no more \(ulimit -n\)/);
  const before = cpuMs(server.pid);
  await pause(1_000);
  const spent = cpuMs(server.pid) - before;
  assert(spent < 200, `${spent} ms of processor time in a second of waiting`);
  for (const client of held) {
    assertEquals(await echoed(client), "x");
    await client[Symbol.asyncDispose]();
  }
  assertEquals(await others, Array.from({ length: 200 }, (_, at) => `${at}`));
  const { code, stderr } = await server.stop();
  assertEquals([code, stderr.match(/connections reached/g)?.length], [0, 1]);
});

Deno.test("threads and programs fit into 64 descriptors: no client is lost, nothing panics", async () => {
  const cases = [
    ["echo", "thread"],
    ["echo", "pool=2..100"],
    ["exec", "loop"],
    ["exec", "pool=2..4"],
    ["exec", "process"],
  ] as const;
  for (const [service, model] of cases) {
    const what = service === "exec" ? ["exec", "exec:cat"] : [service];
    const words = ["serve", ...what, "tcp://127.0.0.1:0", "--model", model];
    await using server = start(["prlimit", "--nofile=64:64", ...plumbCommand, ...words]);
    const [address = ""] = await server.listening();
    const texts = Array.from({ length: 40 }, (_, at) => `${at}`);
    assertEquals(await Promise.all(texts.map((text) => converse(address, text))), texts, model);
    const { code, stderr } = await server.stop();
    assertEquals([code, /EMFILE|panic/.test(stderr)], [0, false], stderr);
  }
});

Deno.test("descriptors that run out under a server pause accepting, once said, and it recovers", async () => {
  await using server = startPlumb(echo);
  const [address = ""] = await server.listening();
  assertEquals(await converse(address, "before"), "before");
  const { descriptors } = holdings(server.pid);
  // Below what the policy was told at the start: now accept(2) itself fails with EMFILE.
  const limit = descriptors + 20;
  const set = ["prlimit", "--pid", `${server.pid}`];
  assertEquals((await run([...set, `--nofile=${limit}:20000`])).code, 0);
  const held: Duplex[] = [];
  for (let at = 0; at < 40; at++) held.push(await connect(address));
  await server.stderrLine(/too many open files \(EMFILE\); accepting is paused/);
  const before = cpuMs(server.pid);
  await pause(1_000);
  const spent = cpuMs(server.pid) - before;
  assert(spent < 200, `${spent} ms of processor time in a second of pausing`);
  // Sessions go on, and end in order, where nothing can be opened any more.
  for (const client of held.splice(0, 5)) {
    assertEquals(await echoed(client, "still"), "still");
    await client.closeWrite();
    assertEquals(await client.read(new Uint8Array(1)), null);
    await client[Symbol.asyncDispose]();
  }
  for (const client of held.splice(0, 30)) client.abort();
  await server.stderrLine(/accepting again/);
  for (const client of held) assertEquals(await echoed(client), "x");
  assertEquals(await converse(address, "after"), "after");
  for (const client of held) client.abort();
  const { code, stderr } = await server.stop();
  assertEquals([code, /bug|panic/.test(stderr)], [0, false], stderr);
});

Deno.test("clients that say nothing, or a byte a second, do not keep others waiting", async () => {
  await using server = startPlumb([...echo, "--idle", "5m"]);
  const [address = ""] = await server.listening();
  const idle = holdings(server.pid).sockets;
  const silent = await Promise.all(Array.from({ length: 100 }, () => connect(address)));
  const slow = await Promise.all(Array.from({ length: 20 }, () => connect(address)));
  for (let second = 0; second < 3; second++) {
    for (const client of slow) assertEquals(await echoed(client, `${second}`), `${second}`);
    const startMs = performance.now();
    assertEquals(await converse(address, "quick"), "quick");
    assert(performance.now() - startMs < 500);
    await pause(1_000);
  }
  for (const client of [...silent, ...slow]) client.abort();
  await settle(server.pid, ({ sockets }) => sockets === idle);
  assertEquals((await server.stop()).code, 0);
});

Deno.test("clients that read nothing while the server writes cost no memory", async () => {
  await using server = startPlumb(["serve", "chargen", "tcp://127.0.0.1:0"]);
  const [address = ""] = await server.listening();
  const idle = holdings(server.pid).sockets;
  const open = async () => {
    const client = await connect(address);
    await client.read(new Uint8Array(1));
    return client;
  };
  const clients = await Promise.all(Array.from({ length: 50 }, open));
  await pause(500); // the kernel's buffers are full by now
  const before = holdings(server.pid).residentBytes;
  const cpu = cpuMs(server.pid);
  await pause(2_000);
  const grown = holdings(server.pid).residentBytes - before;
  assert(grown < 8 * 1024 * 1024, `${grown} bytes more`);
  assert(cpuMs(server.pid) - cpu < 400);
  // They are served all the same, once they read.
  const buffer = new Uint8Array(64 * 1024);
  for (const client of clients) for (let at = 0; at < 20; at++) await client.read(buffer);
  for (const client of clients) client.abort();
  await settle(server.pid, ({ sockets }) => sockets === idle);
});

Deno.test("clients that reset in the backlog are passed over", async () => {
  await using server = startPlumb([...echo, "--max-connections", "1"]);
  const [address = ""] = await server.listening();
  const first = await connect(address);
  assertEquals(await echoed(first), "x");
  for (let at = 0; at < 50; at++) (await connect(address)).abort();
  const last = converse(address, "last");
  await first[Symbol.asyncDispose]();
  assertEquals(await last, "last");
  const { code, stderr } = await server.stop();
  assertEquals(code, 0);
  assertEquals(stderr.includes("ENOTCONN"), false, stderr);
});

Deno.test("10,000 connections refused by the access list leave no descriptor and no growth", async () => {
  await using server = startPlumb(["serve", "echo", "tcp://[::]:0", "--deny", "127.0.0.0/8"]);
  const [listening = ""] = await server.listening();
  const port = listening.split(":").at(-1);
  const idle = holdings(server.pid).sockets;
  const refused = async (count: number) => {
    await many(
      count,
      20,
      async () => assertMatch(await fateOf(`tcp://127.0.0.1:${port}`), /reset/),
    );
  };
  await refused(2_000); // the heap has grown to its working size by then
  const before = await settle(server.pid, ({ sockets }) => sockets === idle);
  await refused(10_000);
  const after = await settle(server.pid, ({ sockets }) => sockets === idle);
  assert(after.descriptors <= before.descriptors, JSON.stringify({ before, after }));
  const grown = after.residentBytes - before.residentBytes;
  // A session that stayed would cost 4 KiB, all of them 40 MiB; the heap breathes by half of that.
  assert(grown < 24 * 1024 * 1024, `${grown} bytes more`);
  assertEquals(await converse(`tcp://[::1]:${port}`, "allowed"), "allowed");
  server.signal("SIGUSR2");
  assertEquals((await server.stop()).code, 0);
});
