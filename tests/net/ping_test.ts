/** Round trips by address: every mode over every endpoint that has it. */

import "../support/libc.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { listen } from "../../lib/api/listen.ts";
import { ping, type PingOptions } from "../../lib/api/ping.ts";
import type { PingSummary } from "../../lib/api/ping_summary.ts";
import { serve } from "../../lib/api/serve.ts";
import { NetError } from "../../lib/core/error.ts";
import type { PingResult } from "../../lib/link/ping_run.ts";
import { testFolder } from "../support/folder.ts";
import { freeTcpPort, freeUdpPort, portOf } from "../support/ports.ts";

const quick = { count: 3, intervalMs: 5 } as const;

async function pinged(
  address: string,
  options: PingOptions,
): Promise<{ results: PingResult[]; summary: PingSummary }> {
  await using pinging = await ping(address, options);
  const results: PingResult[] = [];
  for await (const result of pinging) results.push(result);
  return { results, summary: await pinging.done };
}

Deno.test("every mode measures over every endpoint that has it", async () => {
  await using folder = await testFolder();
  const addresses = [
    "tcp://127.0.0.1:0",
    "udp://127.0.0.1:0",
    `unix:${folder.file("s")}`,
    `unixgram:${folder.file("g")}`,
    "memory:ping-test",
  ];
  for (const mode of ["connect", "echo", "pingpong"] as const) {
    await using server = await serve(mode === "pingpong" ? mode : "echo", addresses);
    for (const { text, scheme } of server.addresses) {
      if (mode === "connect" && (scheme === "udp" || scheme === "unixgram")) continue;
      const { results, summary } = await pinged(text, { ...quick, mode });
      assertEquals(results.map(({ kind }) => kind), ["reply", "reply", "reply"], `${mode} ${text}`);
      assertEquals([summary.sent, summary.received, summary.lost], [3, 3, 0]);
      assertEquals(summary.error, undefined);
      const { minMs, medianMs, p90Ms, p99Ms, maxMs } = summary;
      const order = [0, minMs, medianMs, p90Ms, p99Ms, maxMs];
      assert(order.every((value, at) => at === 0 || value >= (order[at - 1] ?? 0)), `${order}`);
      assertEquals(summary.peer?.version !== undefined, mode === "pingpong");
    }
  }
});

Deno.test("the clocks of one machine are the same within the bound, by every model's answer", async () => {
  for (const model of ["loop", "threads=1", "prefork=1"]) {
    await using server = await serve("pingpong", "tcp://127.0.0.1:0", {
      model,
      service: { say: "role=db\nzone=b" },
    });
    const address = server.addresses[0]?.text ?? "";
    await using other = await connect(address);
    const { summary } = await pinged(address, { ...quick, mode: "pingpong", timeoutMs: 10_000 });
    const { clock, peer } = summary;
    assert(clock !== undefined && Math.abs(clock.offsetMs) <= clock.errorMs, JSON.stringify(clock));
    assertEquals({ ...peer?.say }, { role: "db", zone: "b" }, model);
    assert((peer?.sessions ?? 0) >= 1 && (peer?.freeDescriptors ?? 0) > 0, JSON.stringify(peer));
    assert((peer?.uptimeMs ?? -1) >= 0);
    assert(other.remote.text === address);
  }
});

Deno.test("what is lost on the way is counted, with the cause where it is known", async () => {
  const refused = await pinged(`tcp://127.0.0.1:${freeTcpPort()}`, quick);
  assertEquals(refused.results.map((one) => one.kind === "lost" && one.error?.kind), [
    "refused",
    "refused",
    "refused",
  ]);
  const unreached = await pinged(`udp://127.0.0.1:${freeUdpPort()}`, quick);
  assertEquals([unreached.summary.received, unreached.summary.lossRatio], [0, 1]);
  assertEquals(unreached.summary.lastLoss?.kind, "refused");
  await using silent = await serve("discard", "udp://127.0.0.1:0");
  const options = { ...quick, timeoutMs: 20 };
  const { summary } = await pinged(silent.addresses[0]?.text ?? "", options);
  assertEquals([summary.lost, summary.lastLoss], [3, undefined]);
});

Deno.test("a name is resolved before anything is measured, and connects to what answers", async () => {
  await using server = await serve("echo", "tcp://127.0.0.1:0");
  const { port } = server.addresses[0] ?? {};
  await using pinging = await ping(`tcp://localhost:${port}`, quick);
  assertEquals(pinging.address, `tcp://127.0.0.1:${port}`);
  assertEquals((await pinging.done).received, 3);
  const error = await assertRejects(() => ping("tcp://no.such.name.invalid:1", quick), NetError);
  assertEquals(error.kind, "resolve");
});

Deno.test("a peer that ends or breaks the connection ends the ping, what waits is lost", async () => {
  for (const how of ["end", "abort"] as const) {
    await using listening = await listen("tcp://127.0.0.1:0");
    const address = listening.addresses[0]?.text ?? "";
    const accepted = listening.accept();
    await using pinging = await ping(address, { mode: "echo", intervalMs: 5 });
    const session = await accepted;
    assert(session !== null);
    const into = new Uint8Array(56);
    await session.write(into.subarray(0, await session.read(into) ?? 0));
    if (how === "abort") session.abort();
    else await session[Symbol.asyncDispose]();
    const { error, received, lost, waiting } = await pinging.done;
    assert(error !== undefined && ["broken", "reset"].includes(error.kind), String(error));
    assertEquals([received, waiting], [1, 0]);
    assert(lost >= 0);
    session.abort();
  }
});

Deno.test("what was never read may be dropped, and the summary counts it all the same", async () => {
  await using server = await serve("echo", "memory:ping-unread");
  assertEquals(server.addresses[0]?.text, "memory:ping-unread");
  await using pinging = await ping("memory:ping-unread", {
    mode: "echo",
    count: 50,
    intervalMs: 1,
    limits: { "event-queue": 10 },
  });
  assertEquals((await pinging.done).received, 50);
  const left: PingResult[] = [];
  for await (const result of pinging) left.push(result);
  assertEquals([left.length, left[0]?.sequence], [10, 41]);
});

Deno.test("an answer over UDP is never longer than its question", async () => {
  await using server = await serve("pingpong", "udp://127.0.0.1:0", {
    service: { say: Array.from({ length: 16 }, (_, n) => `k${n}=${"x".repeat(200)}`).join("\n") },
  });
  const address = server.addresses[0]?.text ?? "";
  const { summary } = await pinged(address, { ...quick, mode: "pingpong" });
  assertEquals(summary.received, 3);
  // What fits of it is said: the facts of the program come first.
  assert(summary.peer?.version !== undefined);
  assert(Object.keys(summary.peer?.say ?? {}).length < 3);
  assertEquals(portOf(address), server.addresses[0]?.port);
});
