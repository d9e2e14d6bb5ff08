/** What a server says of itself, against what its clients have seen. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { watchOverflow } from "../../lib/api/overflow.ts";
import { relay } from "../../lib/api/relay.ts";
import { serve } from "../../lib/api/serve.ts";
import { serveStats } from "../../lib/api/stats.ts";
import { VirtualClock } from "../../lib/core/clock.ts";
import { makeContext } from "../../lib/core/context.ts";
import { NetError } from "../../lib/core/error.ts";
import "../support/libc.ts";
import { MemoryLog } from "../support/memory_log.ts";
import { plumb as runPlumb, startPlumb } from "../support/process.ts";

/** Reads one page, over a connection of its own. */
async function get(address: string, path: string) {
  const [, hostname = "", port] = /^tcp:\/\/(.*):(\d+)$/.exec(address) ?? [];
  using conn = await Deno.connect({ hostname, port: Number(port) });
  await conn.write(new TextEncoder().encode(`GET ${path} HTTP/1.0\r\n\r\n`));
  const buffer = new Uint8Array(65_536);
  let text = "";
  for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) {
    text += new TextDecoder().decode(buffer.subarray(0, read));
  }
  const [head = "", ...body] = text.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head, body: body.join("\r\n\r\n") };
}

/** The value of each sample, by its name with labels. */
async function metrics(address: string): Promise<ReadonlyMap<string, number>> {
  const { body } = await get(address, "/metrics");
  const samples = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(samples.map((line) => {
    const blank = line.lastIndexOf(" ");
    return [line.slice(0, blank), Number(line.slice(blank + 1))];
  }));
}

async function echoed(port: number, bytes: number): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const sent = new Uint8Array(bytes);
  const write = async () => {
    for (let at = 0; at < bytes;) at += await conn.write(sent.subarray(at));
    await conn.closeWrite();
  };
  let got = 0;
  const read = async () => {
    const buffer = new Uint8Array(65_536);
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) got += n;
  };
  await Promise.all([write(), read()]);
  return got;
}

Deno.test("the counters are what clients have measured from outside", async () => {
  await using server = await serve("echo", "tcp://127.0.0.1:0", { maximumPerPeer: 21 });
  await using stats = await serveStats("127.0.0.1:0", server);
  const at = stats.addresses[0]?.text ?? "";
  const port = server.addresses[0]?.port ?? 0;
  const sizes = Array.from({ length: 20 }, (_, index) => index * 1_003 + 1);
  const got = await Promise.all(sizes.map((size) => echoed(port, size)));
  const sum = (of: readonly number[]) => of.reduce((total, size) => total + size, 0);
  while (server.open > 0) await new Promise((wake) => setTimeout(wake, 2));
  const after = await metrics(at);
  assertEquals(after.get("plumb_sessions_accepted_total"), 20);
  assertEquals(after.get('plumb_sessions_ended_total{reason="peer-end"}'), 20);
  assertEquals(after.get('plumb_sessions_ended_total{reason="idle"}'), 0);
  assertEquals(after.get("plumb_received_bytes_total"), sum(sizes));
  assertEquals(after.get("plumb_sent_bytes_total"), sum(got));

  // A session that is open counts too, and who is turned away.
  using open = await Deno.connect({ hostname: "127.0.0.1", port });
  await open.write(new Uint8Array(100));
  await open.read(new Uint8Array(100));
  const more = await Promise.all(Array.from({ length: 23 }, async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(new Uint8Array(1)).catch(() => {});
    const isServed = await conn.read(new Uint8Array(1)).catch(() => null) !== null;
    return { conn, isServed };
  }));
  const during = await metrics(at);
  const served = more.filter(({ isServed }) => isServed).length;
  assertEquals(during.get("plumb_sessions_open"), 1 + served);
  assertEquals(during.get('plumb_sessions_refused_total{why="per-peer"}'), 23 - served);
  assertEquals(during.get("plumb_received_bytes_total"), sum(sizes) + 100 + served);
  assertEquals(during.get("plumb_sessions_limit"), 10_000);
  for (const { conn } of more) conn.close();
});

Deno.test("machine figures and accept queues are told for each listener", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-test-" });
  try {
    await using server = await serve("echo", [
      "tcp://127.0.0.1:0?backlog=17",
      `unix:${folder}/s?backlog=19`,
      `unix:@plumb-${crypto.randomUUID()}`,
    ]);
    await using stats = await serveStats(`unix:${folder}/stats`, server);
    assertEquals(stats.addresses[0]?.text, `unix:${folder}/stats`);
    await using second = await serveStats("127.0.0.1:0", server);
    const found = await metrics(second.addresses[0]?.text ?? "");
    const limits = server.addresses.map(({ text }) => {
      assertEquals(found.get(`plumb_accept_queue_length{listener="${text}"}`), 0, text);
      return found.get(`plumb_accept_queue_limit{listener="${text}"}`);
    });
    assertEquals(limits.slice(0, 2), [17, 19]);
    assert((found.get("plumb_resident_memory_bytes") ?? 0) > 1_000_000);
    assert((found.get("plumb_open_descriptors") ?? 0) > 3);
    for (const name of ["plumb_listen_overflows_total", "plumb_listen_drops_total"]) {
      assert(Number.isInteger(found.get(name)), name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what a pool does is told in the tally and the metrics, and what no pool is is not", async () => {
  await using server = await serve("echo", "tcp://127.0.0.1:0", { model: "pool=1..2" });
  await using stats = await serveStats("127.0.0.1:0", server);
  const at = stats.addresses[0]?.text ?? "";
  const port = server.addresses[0]?.port ?? 0;
  assertEquals(await echoed(port, 7), 7);
  using open = await Deno.connect({ hostname: "127.0.0.1", port });
  await open.write(new Uint8Array(1));
  await open.read(new Uint8Array(1));
  using _waiting = await Deno.connect({ hostname: "127.0.0.1", port });
  while (server.figures?.queued !== 1) await new Promise((wake) => setTimeout(wake, 2));
  const expected = { alive: 1, busy: 1, queued: 1, done: 1 };
  assertEquals(JSON.parse((await get(at, "/")).body).workers, expected);
  const found = await metrics(at);
  const names = ["workers_alive", "workers_busy", "workers_queued", "workers_done_total"];
  assertEquals(names.map((name) => found.get(`plumb_${name}`)), Object.values(expected));

  await using loop = await serve("echo", "tcp://127.0.0.1:0");
  await using other = await serveStats("127.0.0.1:0", loop);
  const { body } = await get(other.addresses[0]?.text ?? "", "/");
  assertEquals(Object.hasOwn(JSON.parse(body), "workers"), false);
  const without = await metrics(other.addresses[0]?.text ?? "");
  assertEquals(names.filter((name) => without.has(`plumb_${name}`)), []);
});

Deno.test("health turns to 503 while the server drains, and the tally is JSON", async () => {
  await using server = await serve("echo", "tcp://127.0.0.1:0", { drainMs: 60_000 });
  await using stats = await serveStats("127.0.0.1:0", server);
  const at = stats.addresses[0]?.text ?? "";
  const conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: server.addresses[0]?.port ?? 0,
  });
  await conn.write(new Uint8Array(5));
  await conn.read(new Uint8Array(5));
  const before = await get(at, "/healthz");
  assertEquals([before.status, before.body], [200, "ok\n"]);
  const { body, head } = await get(at, "/");
  assertStringIncludes(head, "application/json");
  const { schema, sessions, bytesIn, draining } = JSON.parse(body);
  assertEquals([schema, sessions, bytesIn, draining], [1, 1, 5, false]);
  const drained = server.drain();
  const during = await get(at, "/healthz");
  assertEquals([during.status, during.body], [503, "draining\n"]);
  assertEquals((await metrics(at)).get("plumb_draining"), 1);
  conn.close();
  await drained;
  assertEquals((await get(at, "/nothing")).status, 404);
});

Deno.test("a relay tells of itself like any server", async () => {
  await using echo = await serve("echo", "tcp://127.0.0.1:0");
  await using front = await relay("listen:tcp://127.0.0.1:0", echo.addresses[0]?.text ?? "");
  await using stats = await serveStats("127.0.0.1:0", front);
  assertEquals(await echoed(front.addresses[0]?.port ?? 0, 12_345), 12_345);
  while (front.open > 0) await new Promise((wake) => setTimeout(wake, 2));
  const found = await metrics(stats.addresses[0]?.text ?? "");
  assertEquals(found.get("plumb_received_bytes_total"), 12_345);
  assertEquals(found.get("plumb_sent_bytes_total"), 12_345);
});

Deno.test("figures are shown to other machines only where that was said", async () => {
  await using server = await serve("echo", "tcp://127.0.0.1:0");
  const refused = await assertRejects(() => serveStats("tcp://:0", server), NetError);
  assertEquals(refused.kind, "exposure");
  assertEquals(
    (await assertRejects(() => serveStats("udp://127.0.0.1:0", server), NetError)).kind,
    "usage",
  );
  await using _stats = await serveStats("tcp://0.0.0.0:0", server, { public: true });
});

Deno.test("a full accept queue is said once, with what to raise", async () => {
  const log = new MemoryLog();
  const clock = new VirtualClock();
  await using server = await serve("echo", "tcp://127.0.0.1:0?backlog=1", { maximumSessions: 1 });
  using _watch = watchOverflow(server.addresses, makeContext({ clock, log }));
  const port = server.addresses[0]?.port ?? 0;
  const ending = new AbortController();
  const { signal } = ending;
  const conns = await Promise.all(Array.from({ length: 8 }, async (_, index) => {
    // Those for whom there is no place in the queue wait for their handshake: not for ever.
    if (index === 7) setTimeout(() => ending.abort(), 300);
    return await Deno.connect({ hostname: "127.0.0.1", port, signal }).catch(() => null);
  }));
  for (let second = 0; second < 3; second++) await clock.advance(1_000);
  const said = log.of("overflow");
  assertEquals(said.length, 1);
  assertStringIncludes(said[0]?.text ?? "", "raise ?backlog=N");
  assertEquals(clock.pending, 0);
  for (const conn of conns) conn?.close();
});

Deno.test("plumb serve --stats says where it listens, after the server, and that it is for stats", async () => {
  await using plumb = startPlumb(["serve", "echo", "127.0.0.1:0", "--stats", "127.0.0.1:0"]);
  const [, at = ""] = await plumb.stderrLine(/^stats on (\S+)$/);
  const listening = await plumb.listening(2);
  assertEquals(listening[1], at);
  assertEquals((await get(at, "/healthz")).status, 200);
  const { code } = await plumb.stop();
  assertEquals(code, 0);
  const exposed = await runPlumb(["serve", "echo", "127.0.0.1:0", "--stats", ":0"]);
  assertEquals(exposed.code, 2);
  assertStringIncludes(exposed.stderr, "--public");
});
