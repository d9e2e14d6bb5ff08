/** A watch over HTTP, asked by hand: pages, figures, events, and who is refused. @module */

import "../support/libc.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { serve } from "../../lib/api/serve.ts";
import { watch } from "../../lib/api/watch.ts";
import { serveWatch } from "../../lib/api/watch_web.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";
import { settle } from "../support/descriptors.ts";
import { MemoryLog } from "../support/memory_log.ts";
import { freeTcpPort } from "../support/ports.ts";

/** Sends one request. @returns status, head and the whole body */
async function get(address: string, path: string, headers: Record<string, string> = {}) {
  await using session = await connect(address);
  await ask(session, path, headers, "1.0");
  const text = await readUntil(session, null);
  const [head = "", ...body] = text.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head, body: body.join("\r\n\r\n") };
}

async function ask(
  session: Duplex,
  path: string,
  headers: Record<string, string> = {},
  version = "1.1",
): Promise<void> {
  const all = Object.entries({ Host: "127.0.0.1", ...headers });
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await session.write(new TextEncoder().encode(`GET ${path} HTTP/${version}\r\n${lines}\r\n`));
}

/** Reads until the text matches, or to the end. */
async function readUntil(session: Duplex, pattern: RegExp | null): Promise<string> {
  const decoder = new TextDecoder();
  const into = new Uint8Array(65_536);
  let text = "";
  while (pattern === null || !pattern.test(text)) {
    const count = await session.read(into);
    if (count === null) break;
    text += decoder.decode(into.subarray(0, count), { stream: true });
  }
  return text;
}

Deno.test("page, figures, metrics and health of a watch", async () => {
  await using server = await serve("echo", "tcp://127.0.0.1:0");
  const up = server.addresses[0]?.text ?? "";
  const down = `tcp://127.0.0.1:${freeTcpPort()}`;
  const hostile = '"<script>alert(1)</script>\\';
  await using watching = watch([{ address: up, name: hostile }, down], { misses: 1, rounds: 1 });
  await watching.done;
  const log = new MemoryLog();
  await using web = await serveWatch("tcp://127.0.0.1:0", watching, { log });
  const address = web.addresses[0]?.text ?? "";
  assertEquals(log.of("listening")[0]?.text, `listening on ${address}`);
  assertEquals(log.of("web")[0]?.text, `page on ${address.replace("tcp", "http")}`);

  const page = await get(address, "/");
  assertEquals(page.status, 200);
  assertMatch(page.head, /^content-security-policy: default-src 'none'; script-src 'sha256-/mi);
  assert(!/^access-control-/mi.test(page.head), "no other origin may read it");
  assertStringIncludes(page.body, "<!doctype html>");
  assert(!page.body.includes("alert(1)"));

  const figures = JSON.parse((await get(address, "/api/targets")).body);
  assertEquals([figures.schema, figures.counts], [1, { unknown: 0, up: 1, suspect: 0, down: 1 }]);
  const [first, second] = figures.targets;
  assertEquals([first.name, first.state, second.state], [hostile, "up", "down"]);
  assertEquals(second.reason, "connection refused (ECONNREFUSED)");
  assertEquals([first.history.length, second.history], [1, [null]]);

  const { body: metrics } = await get(address, "/metrics");
  const label = `target="\\"<script>alert(1)</script>\\\\",address="${up}"`;
  assertStringIncludes(metrics, `plumb_target_up{${label}} 1\n`);
  assertStringIncludes(metrics, `plumb_target_up{target="${down}",address="${down}"} 0\n`);
  assertStringIncludes(metrics, `plumb_target_failures_total{${`target="${down}"`}`);
  assertMatch(metrics, /^plumb_targets\{state="down"\} 1$/m);
  assertMatch(metrics, /^plumb_target_round_trip_seconds\{.*\} [\d.e-]+$/m);
  assertEquals((await get(address, "/healthz")).body, "ok\n");
  assertEquals((await get(address, "/nothing")).status, 404);
});

Deno.test("a page of another name or origin is not answered", async () => {
  await using watching = watch("unix:/nonexistent/plumb", { everyMs: 60_000 });
  await using web = await serveWatch("tcp://127.0.0.1:0", watching, { hosts: ["box.example"] });
  const address = web.addresses[0]?.text ?? "";
  const status = async (headers: Record<string, string>, path = "/api/targets") =>
    (await get(address, path, headers)).status;
  assertEquals(await status({ Host: "evil.example" }), 421);
  assertEquals(await status({ Host: "evil.example" }, "/events"), 421);
  assertEquals(await status({ Host: "evil.example" }, "/metrics"), 421);
  assertEquals(await status({ Origin: "http://evil.example" }), 403);
  assertEquals(await status({ Host: "box.example:8080" }), 200);
  assertEquals(await status({ Host: "localhost" }), 200);
});

Deno.test("a viewer is told what changes, and that it is over", async () => {
  await using server = await serve("echo", "tcp://127.0.0.1:0");
  const up = server.addresses[0]?.text ?? "";
  await using watching = watch(up, { everyMs: 50, misses: 1 });
  const web = await serveWatch("tcp://127.0.0.1:0", watching);
  await using viewer = await connect(web.addresses[0]?.text ?? "");
  await ask(viewer, "/events");
  const first = await readUntil(viewer, /\n\n\r?\n?/);
  assertMatch(first, /^content-type: text\/event-stream\r$/mi);
  assertMatch(first, /^event: all$/m);
  await server[Symbol.asyncDispose]();
  assertMatch(await readUntil(viewer, /"state":"down"/), /^event: some$/m);
  await web[Symbol.asyncDispose]();
  // To its end, or to the reset where the end was on its way.
  await readUntil(viewer, null).catch((thrown) => assertEquals(thrown.kind, "reset"));
});

Deno.test("viewers beyond the limit are told to come later; one that reads nothing holds nobody up", async () => {
  await using watching = watch("unix:/nonexistent/plumb", { everyMs: 20 });
  const limits = { "watch-viewers": 1 };
  await using web = await serveWatch("tcp://127.0.0.1:0", watching, { limits });
  const address = web.addresses[0]?.text ?? "";
  for (let count = 0; count < 3; count++) {
    await using curious = await connect(address);
    await curious.write(new TextEncoder().encode("HEAD /events HTTP/1.0\r\n\r\n"));
    assertMatch(await readUntil(curious, null), /^HTTP\/1\.1 200 /, "it takes nobody's place");
  }
  await using idle = await connect(address);
  await ask(idle, "/events");
  await readUntil(idle, /event: all/);
  const refused = await get(address, "/events");
  assertEquals([refused.status, /^retry-after: 30\r$/mi.test(refused.head)], [503, true]);
  assertEquals((await get(address, "/healthz")).status, 200);
  const probes = [...watching.targets][0]?.probes ?? 0;
  while (([...watching.targets][0]?.probes ?? 0) < probes + 5) await pause();
});

Deno.test("viewers that go leave nothing behind", async () => {
  await using watching = watch("unix:/nonexistent/plumb", { everyMs: 100 });
  await using web = await serveWatch("tcp://127.0.0.1:0", watching);
  const address = web.addresses[0]?.text ?? "";
  await get(address, "/healthz");
  const count = (await settle(Deno.pid, () => true)).sockets;
  const viewers = await Promise.all(Array.from({ length: 20 }, () => connect(address)));
  for (const viewer of viewers) await ask(viewer, "/events");
  for (const viewer of viewers) await readUntil(viewer, /event: all/);
  for (const viewer of viewers) viewer.abort();
  await settle(Deno.pid, ({ sockets }) => sockets <= count, 15_000);
});

Deno.test("a watch is shown to other machines only where that was said", async () => {
  await using watching = watch("unix:/nonexistent/plumb", { everyMs: 60_000 });
  const kind = async (address: string) =>
    (await assertRejects(() => serveWatch(address, watching), NetError)).kind;
  assertEquals(await kind("tcp://:0"), "exposure");
  assertEquals(await kind("udp://127.0.0.1:0"), "usage");
  await using _web = await serveWatch("tcp://0.0.0.0:0", watching, { public: true });
});

function pause(): Promise<void> {
  return new Promise((wake) => setTimeout(wake, 5));
}
