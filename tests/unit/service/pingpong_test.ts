/**
 * The ping-pong service, and the prober that asks it.
 * @module
 */

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { type Clock, VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import type { NetError } from "../../../lib/core/error.ts";
import { type PingResult, PingRun } from "../../../lib/link/ping_run.ts";
import { PongProber } from "../../../lib/link/pong_prober.ts";
import { drive } from "../../../lib/service/drive.ts";
import { pingpong } from "../../../lib/service/pingpong.ts";
import { relay } from "../../../lib/stream/relay.ts";
import {
  decodeFrameMessage,
  encodeBeat,
  encodeFrame,
  encodeFrameMessage,
  type Frame,
  FrameReader,
  makePreface,
} from "../../../lib/wire/heartbeat_frame.ts";
import type { PeerFacts } from "../../../lib/wire/peer_facts.ts";
import { decodePong, encodePing, pongBytes } from "../../../lib/wire/pingpong.ts";
import { makePair } from "../../support/pair.ts";

/** The same time as another clock, with a wall clock that is ahead of its. */
function aheadOf(clock: VirtualClock, byMs: number): Clock {
  return {
    now: () => clock.now(),
    wall: () => clock.wall() + byMs,
    timer: (delayMs, then) => clock.timer(delayMs, then),
  };
}

const clock = new VirtualClock();

function machineOf(messages: boolean, say?: string, facts?: () => PeerFacts) {
  const options = say === undefined ? {} : { say };
  return pingpong.make({ clock, messages, options, ...(facts === undefined ? {} : { facts }) });
}

/** What a machine puts for an input, as frames. */
function framesOf(
  machine: ReturnType<typeof machineOf>,
  inputs: readonly (Uint8Array | "open" | "end")[],
): readonly { readonly type: string; readonly payload: Uint8Array }[] {
  const frames: { type: string; payload: Uint8Array }[] = [];
  const reader = new FrameReader(makePreface());
  for (const input of inputs) {
    machine.step(input, 0, {
      put: (out) => {
        if (out === "end") frames.push({ type: "end of stream", payload: new Uint8Array(0) });
        else {
          reader.push(out, {
            put: ({ type, payload }: Frame) => frames.push({ type, payload: payload.slice() }),
          });
        }
      },
    });
  }
  return frames;
}

function ping(sequence: number): Uint8Array<ArrayBuffer> {
  return encodeFrame("ping", encodePing({ sequence, sentUs: 1_000 + sequence }));
}

Deno.test("each PING is answered by a PONG, however the stream is cut", () => {
  const said = new Uint8Array([...makePreface(), ...ping(1), ...ping(2), ...ping(3)]);
  fc.assert(fc.property(fc.array(fc.nat(said.length), { maxLength: 10 }), (cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), said.length];
    const parts = edges.slice(1).map((edge, at) => said.slice(edges[at], edge));
    const frames = framesOf(machineOf(false), ["open", ...parts, "end"]);
    assertEquals(frames.map(({ type }) => type), ["pong", "pong", "pong", "end of stream"]);
    frames.slice(0, 3).forEach(({ payload }, at) => {
      const { sequence, sentUs } = decodePong(payload);
      assertEquals([sequence, sentUs], [at + 1, 1_001 + at]);
    });
  }));
});

Deno.test("who asks a thousand times at once is told about the server once", () => {
  const asked = new Uint8Array(1_000 * ping(1).length);
  for (let at = 0; at < 1_000; at++) asked.set(ping(at), at * ping(1).length);
  const long = Array.from({ length: 16 }, (_, n) => `k${n}=${"x".repeat(200)}`).join("\n");
  const frames = framesOf(machineOf(false, long), ["open", makePreface(), asked]);
  assertEquals(frames.length, 1_000);
  const sizes = frames.map(({ payload }) => payload.length);
  assert((sizes[0] ?? 0) > 3_000);
  assert(sizes.slice(1).every((size) => size === pongBytes));
});

Deno.test("an end that beats, sends and ends finds its peer", () => {
  const beat = encodeFrame("beat", encodeBeat({ everyMs: 1, chance: 7 }));
  const said = [beat, encodeFrame("data", new Uint8Array(300)), encodeFrame("end")];
  const frames = framesOf(machineOf(false), ["open", makePreface(), ...said]);
  assertEquals(frames.map(({ type }) => type), ["beat", "credit", "end"]);
  assertEquals([...frames[1]?.payload ?? []], [0, 0, 1, 44]);
});

Deno.test("a message is answered by none that is longer, and nothing else is answered", () => {
  const facts = () => ({ version: "1", sessions: 4, load: [1, 2, 3] as const });
  const machine = machineOf(true, "role=db", facts);
  const answers: Uint8Array[] = [];
  const out = { put: (one: Uint8Array | "end") => one !== "end" && answers.push(one.slice()) };
  fc.assert(fc.property(fc.integer({ min: pongBytes, max: 600 }), (size) => {
    answers.length = 0;
    const question = encodeFrameMessage("ping", encodePing({ sequence: 9, sentUs: 5 }, size));
    machine.step(question, 0, out as never);
    const [answer] = answers;
    assert(answer !== undefined && answer.length <= question.length);
    assertEquals(decodePong(decodeFrameMessage(answer)?.payload ?? answer).sequence, 9);
  }));
  answers.length = 0;
  for (const other of [[], [0, 1], [1], [3, 1, 2], [4], [99], [200, 1], [2, 1]]) {
    machine.step(new Uint8Array(other), 0, out as never);
  }
  machine.step("open", 0, out as never);
  assertEquals(answers, []);
});

Deno.test("what is no preface ends the session as a fault of the peer's", async () => {
  const [near, far] = makePair();
  const served = drive(far, machineOf(false), makeContext());
  await near.write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
  const { reason, error } = await served;
  assertEquals([reason, error?.kind], ["error", "protocol"]);
});

Deno.test("--say that cannot be is refused before anything is opened", async () => {
  const check = () => Promise.resolve(pingpong.check?.({ say: "a=1\nrole" }));
  assertEquals((await assertRejects(async () => await check())).constructor.name, "NetError");
});

/** Asks a served machine over a pair, on virtual time. */
async function asking(
  { messages, aheadMs, count, facts }: {
    readonly messages: boolean;
    readonly aheadMs: number;
    readonly count: number;
    readonly facts?: () => PeerFacts;
  },
): Promise<{ results: PingResult[]; error: NetError | null }> {
  const clock = new VirtualClock();
  const [near, far] = makePair({ messages });
  const context = makeContext({ clock });
  const machine = pingpong.make({
    clock: aheadOf(clock, aheadMs),
    messages,
    options: { say: "role=db" },
    ...(facts === undefined ? {} : { facts }),
  });
  const served = drive(far, machine, context);
  const results: PingResult[] = [];
  const run = new PingRun(
    (events) => new PongProber(near, () => ({}), events, context),
    { count, intervalMs: 1_000, timeoutMs: 500 },
    (result) => results.push(result),
    context,
  );
  const done = run.run();
  await clock.advance(count * 1_000);
  const error = await done;
  await served;
  return { results, error };
}

Deno.test("a ping-pong tells clocks and facts, on a stream and in messages", async () => {
  for (const messages of [false, true]) {
    const facts = () => ({ version: "9.9", uptimeMs: 5, sessions: 2, freeDescriptors: 70 });
    const { results, error } = await asking({ messages, aheadMs: 1_500, count: 3, facts });
    assertEquals(error, null);
    assertEquals(results.map(({ kind, sequence }) => [kind, sequence]), [
      ["reply", 1],
      ["reply", 2],
      ["reply", 3],
    ]);
    const last = results[2];
    assert(last?.kind === "reply" && last.clock !== undefined);
    assertAlmostEquals(last.clock.offsetMs, 1_500, 0.01);
    assert(Math.abs(last.clock.offsetMs - 1_500) <= last.clock.errorMs);
    const { say, ...rest } = last.peer ?? {};
    assertEquals([rest, { ...say }], [facts(), { role: "db" }]);
  }
});

Deno.test("two that ask each other both get their answers", async () => {
  const clock = new VirtualClock();
  const context = makeContext({ clock });
  const ends = makePair();
  const counts: [number, number] = [0, 0];
  const runs = ends.map((end, at) =>
    new PingRun(
      (events) => new PongProber(end, () => ({ say: { from: String(at) } }), events, context),
      { intervalMs: 1_000, timeoutMs: 500 },
      (result) => {
        if (result.kind !== "reply" || result.peer?.say?.from !== String(1 - at)) return;
        counts[at === 0 ? 0 : 1]++;
      },
      context,
    ).run()
  );
  await clock.advance(4_500);
  assertEquals(counts, [5, 5]);
  ends[0].abort();
  const errors = await Promise.all(runs);
  assertEquals(errors.map((error) => error?.kind), ["aborted", "reset"]);
});

Deno.test("an echo service is no ping-pong peer, on a stream and in messages", async () => {
  for (const messages of [false, true]) {
    const context = makeContext({ clock: new VirtualClock() });
    const [near, far] = makePair({ messages });
    const echoing = relay(far, far, makeContext()).catch(() => {});
    const run = new PingRun(
      (events) => new PongProber(near, () => ({}), events, context),
      { count: 1, intervalMs: 1_000, timeoutMs: 500 },
      () => {},
      context,
    );
    const error = await run.run();
    assertEquals(error?.kind, "protocol");
    assert(/only sends back what it gets/.test(error?.message ?? ""), error?.message);
    far.abort();
    await echoing;
  }
});
