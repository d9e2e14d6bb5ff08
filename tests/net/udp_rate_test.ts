/** `--rate-per-peer` and `--max-per-peer` on a real socket, and what a server announces. */

import "../support/libc.ts";
import { assert, assertEquals } from "@std/assert";
import { announce } from "../../lib/api/announce.ts";
import { listen } from "../../lib/api/listen.ts";
import { serve } from "../../lib/api/serve.ts";
import { connect } from "../../lib/api/connect.ts";
import { within } from "../contract/expect.ts";
import { MemoryLog } from "../support/memory_log.ts";

const into = () => new Uint8Array(100);

Deno.test("a host that asks more often than its rate is answered no more often", async () => {
  const log = new MemoryLog();
  const server = await serve("echo", "udp://127.0.0.1:0", { ratePerPeer: 5, log });
  await using client = await connect(server.addresses[0]?.text ?? "");
  for (let n = 0; n < 50; n++) await client.write(Uint8Array.of(n));
  const buffer = into();
  for (let n = 0; n < 5; n++) {
    assertEquals(await within(client.read(buffer), "an answer"), 1);
    assertEquals(buffer[0], n);
  }
  await server[Symbol.asyncDispose]();
  const [said] = log.of("datagrams");
  const { dropped } = said?.fields ?? {};
  // More are let through only if the test was slow.
  assert(typeof dropped === "number" && dropped >= 40 && dropped <= 45, said?.text);
});

Deno.test("more sessions than one host may have end the one that was used longest ago", async () => {
  await using server = await serve("echo", "udp://127.0.0.1:0", { maximumPerPeer: 3 });
  for (let n = 0; n < 10; n++) {
    await using client = await connect(server.addresses[0]?.text ?? "");
    await client.write(Uint8Array.of(n));
    assertEquals(await within(client.read(into()), "an answer"), 1);
  }
  assertEquals(server.tally().accepted, 10);
  assertEquals(server.open, 3);
});

Deno.test("announcing sends each number once, in its rhythm, to every address", async () => {
  await using one = await listen("udp://127.0.0.1:0");
  await using two = await listen("udp://[::1]:0");
  const targets = [one, two].map(({ addresses }) => addresses[0]?.text ?? "");
  const tally = announce(targets, { everyMs: 5, count: 4, text: "{host}/{pid} n={seq}" });
  for (const listener of [one, two]) {
    await using session = await within(listener.accept(), "a session");
    assert(session !== null);
    for (let n = 1; n <= 4; n++) {
      const buffer = into();
      const count = await within(session.read(buffer), "a message");
      const text = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
      assertEquals(text, `${Deno.hostname()}/${Deno.pid} n=${n}`);
    }
  }
  assertEquals(await tally, { sent: 8 });
});

Deno.test("announcing goes on where nobody listens, and ends with its signal", async () => {
  const log = new MemoryLog();
  const end = new AbortController();
  const options = { everyMs: 2, signal: end.signal, log };
  const running = announce("udp://127.0.0.1:9", options);
  while (log.of("unheard").length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  end.abort();
  assert((await running).sent >= 1);
  assertEquals(log.of("unheard").length, 1);
});
