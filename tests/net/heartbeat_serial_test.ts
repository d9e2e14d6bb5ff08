/**
 * Heartbeats over real sockets of this machine: who is alive, who is dead, in every model.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { NetError } from "../../lib/core/error.ts";
import { connect } from "../../lib/api/connect.ts";
import { serve } from "../../lib/api/serve.ts";
import { relay } from "../../lib/api/relay.ts";
import { makePreface } from "../../lib/wire/heartbeat_frame.ts";
import { fullLoad, heartbeatPair } from "../support/heartbeats.ts";
import "../support/libc.ts";
import { MemoryLog } from "../support/memory_log.ts";

const quick = "every=200ms,misses=3";
const encoder = new TextEncoder();
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** For clients of servers that are processes, which take their time to start. */
const patient = "every=200ms,misses=100";

/** Upper bound of "in time": every x misses, one interval, and a loaded machine. */
const boundMs = 200 * 4 + 2_000;

Deno.test("under full load both ways nobody is called dead, and all of it arrives", async () => {
  for (const address of ["tcp://127.0.0.1:0", "unix:@heartbeat-load"]) {
    await using pair = await heartbeatPair(address, "every=100ms,misses=2", "every=100ms,misses=2");
    assert(await fullLoad(pair, 400) > 1_000_000, address);
  }
});

Deno.test("two slow readers hold up each other's data, and neither is called dead", async () => {
  await using pair = await heartbeatPair("tcp://127.0.0.1:0", quick, quick);
  const bulk = new Uint8Array(3 * 1024 * 1024);
  const writes = [pair.client.write(bulk), pair.server.write(bulk)];
  await wait(1_000);
  const into = new Uint8Array(1024 * 1024);
  for (const end of [pair.client, pair.server]) {
    for (let left = bulk.length; left > 0;) left -= await end.read(into) ?? 0;
  }
  await Promise.all(writes);
});

Deno.test("a foreign peer that waits for a slow reader here is not called dead", async () => {
  await using pair = await heartbeatPair("tcp://127.0.0.1:0", `${quick},send=PING\\n`);
  const { client, server } = pair;
  // Both full: it neither reads nor can it be heard, and its kernel has closed the window.
  const sending = server.write(new Uint8Array(32 * 1024 * 1024)).catch(() => {});
  const blocked = client.write(new Uint8Array(32 * 1024 * 1024)).catch(() => {});
  await wait(1_200);
  const into = new Uint8Array(64 * 1024);
  assert(await client.read(into) !== null);
  client.abort();
  server.abort();
  await Promise.all([sending, blocked]);
});

Deno.test("a peer that reads and never answers is dead, data or no data", async () => {
  for (const data of [0, 100_000]) {
    await using pair = await heartbeatPair("tcp://127.0.0.1:0", quick);
    const { client, server } = pair;
    const reading = (async () => {
      const into = new Uint8Array(64 * 1024);
      await server.write(makePreface());
      while (await server.read(into) !== null);
    })().catch(() => {});
    const startMs = performance.now();
    if (data > 0) await client.write(new Uint8Array(data)).catch(() => {});
    const error = await assertRejects(() => client.read(new Uint8Array(1)), NetError);
    assertEquals([error.kind, error.op], ["dead", "test"]);
    assert(performance.now() - startMs < boundMs);
    await reading;
  }
});

Deno.test("datagrams: data, silence, the end and death, over udp and Unix sockets", async () => {
  await using server = await serve("echo", "udp://127.0.0.1:0", { heartbeat: quick });
  const address = server.addresses[0]?.text ?? "";
  await using client = await connect(`${address}?heartbeat=${quick}`);
  await client.write(encoder.encode("hello"));
  const into = new Uint8Array(1024);
  assertEquals(await client.read(into), 5);
  await wait(1_000);
  await client.write(new Uint8Array(0));
  assertEquals(await client.read(into), 0);
  const sessions = server.open;
  assertEquals(sessions, 1);
  // Nobody is there any more, and nobody says so: the session ends on both sides.
  const silent = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = silent.addr as Deno.NetAddr;
  await using lonely = await connect(`udp://127.0.0.1:${port}?heartbeat=${quick}`);
  assertEquals((await assertRejects(() => lonely.read(into), NetError)).kind, "dead");
  silent.close();
});

Deno.test("a datagram session that ends is over at the server, not dead", async () => {
  const log = new MemoryLog();
  await using server = await serve("echo", "udp://127.0.0.1:0", { heartbeat: quick, log });
  {
    await using client = await connect(`${server.addresses[0]?.text}?heartbeat=${quick}`);
    await client.write(encoder.encode("hello"));
    await client.read(new Uint8Array(10));
  }
  while (server.open > 0) await wait(20);
  assertEquals(log.of("session").map(({ fields }) => fields.reason), ["peer-end"]);
});

Deno.test("every model ends the session of a client that has gone silent", async () => {
  for (const model of ["process", "threads=1", "pool=1..1"]) {
    const log = new MemoryLog();
    await using server = await serve("echo", "tcp://127.0.0.1:0", { heartbeat: quick, model, log });
    const [peer] = server.addresses;
    await using client = await connect(`${peer?.text}?heartbeat=${patient}`);
    await client.write(encoder.encode("hello"));
    await client.read(new Uint8Array(10));
    client.abort();
    await using silent = await Deno.connect({ hostname: "127.0.0.1", port: peer?.port ?? 0 });
    await silent.write(makePreface());
    const reset = (async () => {
      while (await silent.read(new Uint8Array(1024)) !== null);
    })().catch(() => {});
    await reset;
    while (log.of("session").length < 2) await wait(20);
    const reasons = log.of("session").map(({ fields }) => fields.reason).sort();
    assertEquals(reasons, ["dead", "reset"], model);
  }
});

Deno.test("a relay has a heartbeat at the end that listens, in a process of its own, too", async () => {
  await using echo = await serve("echo", "tcp://127.0.0.1:0");
  for (const model of ["loop", "prefork=1"]) {
    const behind = echo.addresses[0]?.text ?? "";
    await using front = await relay("listen:tcp://127.0.0.1:0", behind, {
      heartbeat: quick,
      model,
    });
    await using client = await connect(`${front.addresses[0]?.text}?heartbeat=${patient}`);
    await client.write(encoder.encode("hello"));
    assertEquals(await client.read(new Uint8Array(10)), 5);
    await client.closeWrite();
    assertEquals(await client.read(new Uint8Array(10)), null);
  }
});
