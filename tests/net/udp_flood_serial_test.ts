/**
 * What a flood leaves behind: sessions at their bound, no memory, no timer, no descriptor.
 * @module
 */

import "../support/libc.ts";
import { assert, assertEquals } from "@std/assert";
import { realClock } from "../../lib/core/clock.ts";
import { makeContext } from "../../lib/core/context.ts";
import { TimerWheel } from "../../lib/core/wheel.ts";
import { connect } from "../../lib/api/connect.ts";
import { serve } from "../../lib/api/serve.ts";
import { descriptorLinks } from "../support/descriptors.ts";
import { networkTest } from "../support/namespaces.ts";
import { floodServer } from "../support/udp_flood.ts";

networkTest("10,000 forged ports leave sessions at their bound, and nothing behind", async () => {
  await floodServer(10_000);
});

Deno.test("10,000 sessions that come and go leave no descriptor and no timer", async () => {
  const wheel = TimerWheel.of(realClock);
  const timers = wheel.size;
  const before = descriptorLinks().length;
  await using server = await serve("echo", "udp://127.0.0.1:0", { idleMs: 60_000 });
  const [address] = server.addresses;
  assert(address !== undefined);
  const answer = new Uint8Array(10);
  const rounds = 10_000;
  const atOnce = 50;
  for (let round = 0; round < rounds / atOnce; round++) {
    await Promise.all(Array.from({ length: atOnce }, async () => {
      await using client = await connect(address.text, makeContext());
      await client.write(Uint8Array.of(1, 2, 3));
      assertEquals(await client.read(answer), 3);
    }));
  }
  assert(server.tally().accepted > 1_000);
  await server[Symbol.asyncDispose]();
  assertEquals(descriptorLinks().length, before);
  assertEquals(wheel.size, timers);
});
