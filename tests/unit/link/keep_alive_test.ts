/**
 * A session with a framed heartbeat, on virtual time: between two plumbs, and with what is none.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { type Context, makeContext } from "../../../lib/core/context.ts";
import type { Duplex } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import type { HeartbeatOptions } from "../../../lib/link/heartbeat_options.ts";
import { type HeartbeatEvent, keepAlive, type KeptAlive } from "../../../lib/link/keep_alive.ts";
import {
  decodeCredit,
  encodeFrame,
  encodeFrameMessage,
  type Frame,
  FrameReader,
  initialCredit,
  makePreface,
} from "../../../lib/wire/heartbeat_frame.ts";
import { encodePing, pingBytes } from "../../../lib/wire/pingpong.ts";
import { makePair, type PairEnd, type PairOptions } from "../../support/pair.ts";
import { bytesOf } from "../../support/relaying.ts";

const usual: HeartbeatOptions = { everyMs: 1_000, misses: 3, mode: "heartbeat", op: "connect" };

/** A session with a heartbeat, and the bare other end. */
function kept(options: Partial<HeartbeatOptions> = {}, pair: PairOptions = {}) {
  const clock = new VirtualClock();
  const context = makeContext({ clock });
  const [inner, peer] = makePair({ capacity: 4 * 1024 * 1024, ...pair });
  const session = keepAlive(inner, { ...usual, ...options }, context);
  return { clock, context, inner, peer, session };
}

/** Two that have one. */
function both(
  left: Partial<HeartbeatOptions> = {},
  right: Partial<HeartbeatOptions> = {},
  pair: PairOptions = {},
  context: Partial<Context> = {},
) {
  const clock = new VirtualClock();
  const within = makeContext({ clock, ...context });
  const [a, b] = makePair(pair);
  return {
    clock,
    inner: [a, b] as const,
    a: keepAlive(a, { ...usual, ...left }, within),
    b: keepAlive(b, { ...usual, ...right }, within),
  };
}

async function read(session: Duplex, most = 1024): Promise<string> {
  const into = new Uint8Array(most);
  const count = await session.read(into);
  return count === null ? "(end)" : new TextDecoder().decode(into.subarray(0, count));
}

/** So many bytes, in however many pieces. */
async function readAll(session: Duplex, count: number): Promise<string> {
  let text = "";
  while (text.length < count) text += await read(session);
  return text;
}

/** All bytes that wait at the bare end. */
async function taken(peer: PairEnd): Promise<Uint8Array> {
  const parts: number[] = [];
  const buffer = new Uint8Array(4096);
  while (peer.waiting > 0) parts.push(...buffer.subarray(0, await peer.read(buffer) ?? 0));
  return Uint8Array.from(parts);
}

async function closed(...sessions: Duplex[]): Promise<void> {
  for (const session of sessions) session.abort();
  for (const session of sessions) await session[Symbol.asyncDispose]();
}

function collected(session: KeptAlive): HeartbeatEvent[] {
  const events: HeartbeatEvent[] = [];
  void (async () => {
    for await (const event of session.events) events.push(event);
  })();
  return events;
}

Deno.test("heartbeat: data passes both ways, and each way ends by itself", async () => {
  for (const readAtMost of [1, 3, Infinity]) {
    const { a, b, clock } = both({}, {}, { readAtMost });
    await a.write(bytesOf("one"));
    assertEquals(await readAll(b, 3), "one");
    await a.closeWrite();
    assertEquals(await read(b), "(end)");
    // Half-close: the other way goes on for as long as it likes.
    await clock.advance(60_000);
    await b.write(bytesOf("two"));
    assertEquals(await readAll(a, 3), "two");
    await b.closeWrite();
    assertEquals(await read(a), "(end)");
    assertEquals(clock.pending, 0);
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
  }
});

Deno.test("heartbeat: two that have nothing to say live for ever, and leave no timer", async () => {
  const { a, b, clock } = both();
  await clock.advance(3_600_000);
  await b.write(bytesOf("still here"));
  assertEquals(await read(a), "still here");
  await closed(a, b);
  assertEquals(clock.pending, 0);
});

Deno.test("heartbeat: a silent peer is dead after its misses, and said in one line", async () => {
  const { session, clock, inner } = kept({ everyMs: 5_000 });
  const events = collected(session);
  const reading = assertRejects(() => session.read(new Uint8Array(1)), NetError);
  await clock.advance(15_000);
  assertEquals(inner.aborted, false);
  await clock.advance(100);
  const error = await reading;
  assertEquals(error.kind, "dead");
  assertEquals(
    error.message,
    "connect memory:right: no sign of life for 15 s (3 missed, every 5 s); no preface of framed " +
      "heartbeats came: the other side needs --heartbeat or serve pingpong",
  );
  assertEquals(inner.aborted, true);
  assertEquals(await assertRejects(() => session.write(new Uint8Array(1))), error);
  assertEquals(events.map(({ state }) => state), ["suspect", "dead"]);
  assertEquals(clock.pending, 0);
  await session[Symbol.asyncDispose]();
});

Deno.test("heartbeat: one that reads and never answers is dead, whatever it acknowledges", async () => {
  const { session, clock, peer, inner } = kept();
  Object.assign(inner, { unacknowledged: () => 0, handedOver: () => 1e9 });
  const reading = assertRejects(() => session.read(new Uint8Array(1)), NetError);
  await peer.write(makePreface());
  for (let second = 0; second < 2; second++) {
    await clock.advance(1_000);
    assert((await taken(peer)).length > 0); // it got a beat, or a question
  }
  await clock.advance(1_100);
  const { kind, hint } = await reading;
  assertEquals([kind, hint], ["dead", undefined], "it is a plumb with a heartbeat");
  await session[Symbol.asyncDispose]();
});

Deno.test("heartbeat: progress of acknowledged data is life, a standstill is not", async () => {
  const { session, clock, inner } = kept();
  let unacknowledged = 1_000_000;
  Object.assign(inner, { unacknowledged: () => unacknowledged, handedOver: () => 1_000_000 });
  void session.write(new Uint8Array(1_000_000)).catch(() => {});
  const reading = assertRejects(() => session.read(new Uint8Array(1)), NetError);
  for (let second = 0; second < 60; second++) {
    unacknowledged -= 1_000;
    await clock.advance(1_000);
    assertEquals(inner.aborted, false, `${second}`);
  }
  await clock.advance(4_100);
  assertEquals((await reading).kind, "dead");
  await session[Symbol.asyncDispose]();
});

Deno.test("heartbeat: slow readers on both sides hold up data and no beats", async () => {
  const { a, b, clock } = both({}, {}, { capacity: 2 * 1024 * 1024 });
  const bulk = new Uint8Array(3 * 1024 * 1024);
  const writes = [a.write(bulk), b.write(bulk)];
  await clock.advance(600_000); // nobody reads for ten minutes
  for (const session of [a, b]) {
    const into = new Uint8Array(64 * 1024);
    for (let left = bulk.length; left > 0;) left -= await session.read(into) ?? 0;
  }
  await Promise.all(writes);
  await closed(a, b);
});

Deno.test("heartbeat: a sender stops at the window of its peer", async () => {
  const limits = { ...defaultLimits, "heartbeat-window": 100_000 };
  const { a, b, clock } = both({}, {}, { capacity: 2 * 1024 * 1024 }, { limits });
  void a.write(new Uint8Array(1_000_000)).catch(() => {});
  await clock.advance(10_000);
  assertEquals(b.unread?.(), 100_000);
  await b.read(new Uint8Array(60_000));
  await clock.advance(10_000);
  assertEquals(b.unread?.(), 100_000);
  await closed(a, b);
});

Deno.test("heartbeat: each side beats as often as the other one listens", async () => {
  const { a, b, clock } = both({ everyMs: 200 }, { everyMs: 60_000 });
  const events = collected(a);
  await clock.advance(600_000);
  assertEquals(events, []); // never even late
  await a.write(bytesOf("x"));
  assertEquals(await read(b), "x");
  await closed(a, b);
});

Deno.test("heartbeat: who was suspect and is heard again is alive", async () => {
  const { session, clock, peer } = kept();
  const events = collected(session);
  await peer.write(makePreface());
  await clock.advance(2_500);
  await peer.write(encodeFrame("beat"));
  await clock.advance(1_000);
  assertEquals(events.map(({ state }) => state), ["suspect", "alive"]);
  await closed(session);
});

Deno.test("heartbeat: time in which this process stood still is not held against the peer", async () => {
  let skippedMs = 0;
  class Sleeper extends VirtualClock {
    override now(): number {
      return super.now() + skippedMs;
    }
  }
  const clock = new Sleeper();
  const [inner, peer] = makePair();
  const session = keepAlive(inner, usual, makeContext({ clock }));
  await peer.write(makePreface());
  await clock.advance(500);
  skippedMs = 3_600_000; // a machine that slept
  await clock.advance(1_000);
  assertEquals(inner.aborted, false);
  await peer.write(encodeFrame("beat"));
  await clock.advance(2_500);
  assertEquals(inner.aborted, false);
  await clock.advance(1_000);
  assertEquals(inner.aborted, true);
  await session[Symbol.asyncDispose]();
});

Deno.test("heartbeat: a peer that is no plumb is told from a dead one at its first bytes", async () => {
  const { session, peer, inner } = kept();
  await peer.write(bytesOf("220 hello\r\n"));
  const error = await assertRejects(() => session.read(new Uint8Array(1)), NetError);
  assertEquals([error.kind, error.op, error.blame], ["protocol", "connect", "remote"]);
  assert(error.message.includes("does not begin with the preface"), error.message);
  assertEquals(inner.aborted, true);
  await session[Symbol.asyncDispose]();
});

Deno.test("heartbeat: an echo of our own is no peer", async () => {
  const { session, peer, clock } = kept();
  await clock.advance(0);
  await peer.write(await taken(peer));
  const error = await assertRejects(() => session.read(new Uint8Array(1)), NetError);
  assert(error.message.includes("only sends back"), error.message);
  await session[Symbol.asyncDispose]();
});

Deno.test("heartbeat: a connection that ends without saying so was cut", async () => {
  const { session, peer } = kept();
  await peer.write(makePreface());
  await peer.write(encodeFrame("data", bytesOf("last")));
  await peer.closeWrite();
  assertEquals(await read(session), "last");
  const error = await assertRejects(() => session.read(new Uint8Array(1)), NetError);
  assertEquals(error.kind, "reset");
  await session[Symbol.asyncDispose]();
});

Deno.test("heartbeat: what breaks the rules ends the session", async () => {
  const wrong: readonly [string, Uint8Array[]][] = [
    ["more than it has credit for", Array(17).fill(encodeFrame("data", new Uint8Array(65_536)))],
    ["data after its end", [encodeFrame("end"), encodeFrame("data", bytesOf("x"))]],
    ["ends twice", [encodeFrame("end"), encodeFrame("end")]],
    ["no frame of type 99", [Uint8Array.of(99, 0, 0, 0)]],
    ["too long for beat", [Uint8Array.of(1, 255, 255, 255)]],
    ["a CREDIT is too short", [encodeFrame("credit", new Uint8Array(1))]],
    ["a PING is too short", [encodeFrame("ping", new Uint8Array(3))]],
  ];
  for (const [words, frames] of wrong) {
    const { session, peer, inner, clock } = kept();
    await peer.write(makePreface());
    for (const frame of frames) await peer.write(frame);
    for (let turn = 0; turn < 50; turn++) await clock.advance(1);
    const failing = async () => {
      while (await session.read(new Uint8Array(65_536)) !== null);
      await session.write(bytesOf("x"));
    };
    const error = await assertRejects(failing, NetError);
    assert(error.message.includes(words), `${words}: ${error.message}`);
    assertEquals([error.kind, inner.aborted], ["protocol", true]);
    await session[Symbol.asyncDispose]();
  }
});

Deno.test("pingpong: answers tell the round trip and what the peer says of itself", async () => {
  const { a, b, clock } = both({ mode: "pingpong" }, { facts: () => ({ say: { role: "db" } }) });
  const events = collected(a);
  await clock.advance(3_500);
  const answers = events.flatMap((event) => event.state === "pong" ? [event.result] : []);
  assertEquals(answers.map(({ sequence }) => sequence), [1, 2, 3]);
  assertEquals({ ...answers[0]?.peer.say }, { role: "db" });
  await closed(a, b);
});

Deno.test("heartbeat: closing says the end first, also while the peer has no room", async () => {
  const { a, b, clock } = both({}, {}, { capacity: 2 * 1024 * 1024 });
  const refused = assertRejects(() => a.write(new Uint8Array(3 * 1024 * 1024)), NetError);
  await clock.advance(10);
  await a[Symbol.asyncDispose]();
  await refused;
  const into = new Uint8Array(2 * 1024 * 1024);
  let count: number | null = 0;
  for (let got = 0; count !== null; got += count ?? 0) {
    count = await b.read(into);
    assert(got <= 3 * 1024 * 1024);
  }
  await b[Symbol.asyncDispose]();
  assertEquals(clock.pending, 0);
});

Deno.test("heartbeat: an end that waits for room is not cut off by the peer's own end", async () => {
  const { session, peer, clock } = kept({}, { capacity: 1 }); // full of the first words
  const ending = session.closeWrite();
  await peer.write(Uint8Array.from([...makePreface(), ...encodeFrame("end")]));
  assertEquals(await read(session), "(end)");
  await clock.advance(10);
  const into = new Uint8Array(4096);
  const said: number[] = [];
  for (let count = await peer.read(into); count !== null; count = await peer.read(into)) {
    said.push(...into.subarray(0, count));
  }
  await ending;
  const end = encodeFrame("end");
  assertEquals(said.slice(-end.length), [...end]);
  await closed(session);
});

Deno.test("heartbeat: credit is given also behind answers that a peer has not taken", async () => {
  const { session, peer, clock } = kept({}, { capacity: initialCredit });
  const ping = encodeFrame("ping", encodePing({ sequence: 1, sentUs: 0 }, pingBytes));
  const writing = session.write(new Uint8Array(initialCredit)); // nothing goes after it for now
  await peer.write(makePreface());
  for (let count = 0; count < 100; count++) await peer.write(ping);
  const data = encodeFrame("data", new Uint8Array(initialCredit));
  for (let sent = 0; sent < defaultLimits["heartbeat-window"]; sent += initialCredit) {
    await peer.write(data);
    for (let got = 0; got < initialCredit;) got += await session.read(new Uint8Array(4096)) ?? 0;
  }
  const said = new Map<string, number>();
  const reader = new FrameReader(makePreface());
  let granted = initialCredit;
  const sink = {
    put: ({ type, payload }: Frame) => {
      said.set(type, (said.get(type) ?? 0) + 1);
      if (type === "credit") granted += decodeCredit(payload);
    },
  };
  const into = new Uint8Array(initialCredit);
  do reader.push(into.subarray(0, await peer.read(into) ?? 0), sink); while (peer.waiting > 0);
  await writing;
  assertEquals(said.get("pong"), 64);
  assertEquals(granted, 2 * defaultLimits["heartbeat-window"]);
  await clock.advance(1);
  await closed(session);
});

Deno.test("messages: each stays one, also an empty one, and the end is told", async () => {
  const { a, b, clock } = both({}, {}, {
    messages: true,
    traits: { maximumMessage: 1_000, halfClose: false },
  });
  assertEquals(a.traits.maximumMessage, 999);
  for (const message of ["one", "", "three"]) await a.write(bytesOf(message));
  assertEquals([await read(b), await read(b), await read(b)], ["one", "", "three"]);
  const error = await assertRejects(async () => {
    await a.write(bytesOf("long"));
    await b.read(new Uint8Array(2));
  }, NetError);
  assertEquals(error.kind, "too-large");
  await a.closeWrite();
  assertEquals(await read(b), "(end)");
  await clock.advance(60_000);
  await b.write(bytesOf("back"));
  assertEquals(await read(a), "back");
  await closed(a, b);
});

Deno.test("messages: who has spoken and is silent is told from who never did", async () => {
  for (const speaks of [true, false]) {
    const { session, peer, clock } = kept({ everyMs: 1_000 }, { messages: true });
    const reading = assertRejects(() => session.read(new Uint8Array(1)), NetError);
    if (speaks) await peer.write(encodeFrameMessage("beat"));
    await clock.advance(3_100);
    const { kind, hint } = await reading;
    assertEquals([kind, hint === undefined], ["dead", speaks]);
    await session[Symbol.asyncDispose]();
  }
});

Deno.test("messages: what is none of a heartbeat, or our own come back, is no peer", async () => {
  const cases: readonly (readonly [(peer: PairEnd) => Promise<void>, string])[] = [
    [(peer) => peer.write(bytesOf("hello")), "no frame of type 104"],
    [async (peer) => await peer.write(await taken(peer)), "only sends back"],
  ];
  for (const [act, words] of cases) {
    const { session, peer, clock } = kept({}, { messages: true });
    await clock.advance(0);
    await act(peer);
    const error = await assertRejects(() => session.read(new Uint8Array(100)), NetError);
    assert(error.message.includes(words), error.message);
    await session[Symbol.asyncDispose]();
  }
});
