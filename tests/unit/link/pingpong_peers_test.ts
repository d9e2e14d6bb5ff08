/**
 * `ping --mode pingpong`, `serve pingpong` and `--heartbeat mode=pingpong`: each is a peer of each.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { keepAlive } from "../../../lib/link/keep_alive.ts";
import { type PingResult, PingRun } from "../../../lib/link/ping_run.ts";
import { PongProber } from "../../../lib/link/pong_prober.ts";
import { drive } from "../../../lib/service/drive.ts";
import { pingpong } from "../../../lib/service/pingpong.ts";
import { makePair } from "../../support/pair.ts";

const heartbeat = { everyMs: 1_000, misses: 3, mode: "pingpong" } as const;

Deno.test("an end that keeps a session by ping-pong answers a ping, and stays alive by it", async () => {
  for (const messages of [false, true]) {
    const clock = new VirtualClock();
    const context = makeContext({ clock });
    const [near, far] = makePair({ messages });
    const facts = () => ({ version: "7", say: { role: "kept" } });
    const kept = keepAlive(far, { ...heartbeat, facts }, context);
    const read = kept.read(new Uint8Array(10)).catch((thrown) => thrown);
    const states: string[] = [];
    const watching = (async () => {
      for await (const { state } of kept.events) states.push(state);
    })();
    const results: PingResult[] = [];
    const done = new PingRun(
      (events) => new PongProber(near, () => ({}), events, context),
      { count: 8, intervalMs: 1_000, timeoutMs: 500 },
      (result) => results.push(result),
      context,
    ).run();
    await clock.advance(8_000);
    assertEquals(await done, null);
    assertEquals(results.map(({ kind }) => kind), Array(8).fill("reply"), `messages ${messages}`);
    const [last] = results.slice(-1);
    assert(last?.kind === "reply");
    assertEquals([last.peer?.version, { ...last.peer?.say }], ["7", { role: "kept" }]);
    // It asked in turn, and was answered.
    assert(states.filter((state) => state === "pong").length >= 6, states.join());
    assert(!states.includes("suspect") && !states.includes("dead"), states.join());
    kept.abort();
    await read;
    await watching;
    await kept[Symbol.asyncDispose]();
  }
});

Deno.test("serve pingpong is a live peer of both framed heartbeats, takes data and ends with them", async () => {
  for (const mode of ["pingpong", "heartbeat"] as const) {
    const clock = new VirtualClock();
    const context = makeContext({ clock });
    const [near, far] = makePair();
    const machine = pingpong.make({ clock, messages: false, options: {} });
    const served = drive(far, machine, context);
    const kept = keepAlive(near, { ...heartbeat, mode }, context);
    const read = kept.read(new Uint8Array(10));
    await clock.advance(20_000);
    // More than there is credit for at the start.
    const writing = kept.write(new Uint8Array(500_000));
    await clock.advance(100);
    await writing;
    await kept.closeWrite();
    await clock.advance(100);
    assertEquals(await read, null, mode);
    await kept[Symbol.asyncDispose]();
    const { reason, error } = await served;
    assertEquals([reason, error], ["peer-end", undefined]);
  }
});
