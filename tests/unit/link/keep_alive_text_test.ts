/**
 * A session with a text heartbeat, for foreign peers, on virtual time.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import type { HeartbeatOptions } from "../../../lib/link/heartbeat_options.ts";
import { keepAlive } from "../../../lib/link/keep_alive.ts";
import { makePair, type PairEnd, type PairOptions } from "../../support/pair.ts";
import { bytesOf } from "../../support/relaying.ts";

const usual: HeartbeatOptions = {
  everyMs: 1_000,
  misses: 3,
  mode: "heartbeat",
  send: bytesOf("PING\n"),
  expect: /^PONG/,
};

function kept(options: Partial<HeartbeatOptions> = {}, pair: PairOptions = {}) {
  const clock = new VirtualClock();
  const [inner, peer] = makePair(pair);
  const session = keepAlive(inner, { ...usual, ...options }, makeContext({ clock }));
  const close = async () => {
    session.abort();
    await session[Symbol.asyncDispose]();
    assertEquals(clock.pending, 0);
  };
  return { clock, inner, peer, session, close };
}

async function read(session: { read(into: Uint8Array): Promise<number | null> }): Promise<string> {
  const into = new Uint8Array(1024);
  const count = await session.read(into);
  return count === null ? "(end)" : new TextDecoder().decode(into.subarray(0, count));
}

/** Answers each PING for so long. @returns what else came */
async function answer(peer: PairEnd, clock: VirtualClock, seconds: number): Promise<string> {
  let rest = "";
  for (let second = 0; second < seconds; second++) {
    await clock.advance(1_000);
    while (peer.waiting > 0) {
      const text = await read(peer);
      rest += text.replaceAll("PING\n", "");
      if (text.includes("PING\n")) await peer.write(bytesOf("PONG\r\n"));
    }
  }
  return rest;
}

Deno.test("text heartbeat: asks every interval, and the answers are no data", async () => {
  const { clock, peer, session, close } = kept();
  await session.write(bytesOf("hello\n"));
  assertEquals(await answer(peer, clock, 600), "hello\n");
  await peer.write(bytesOf("one\nPONG\ntwo\n"));
  assertEquals(await read(session), "one\ntwo\n");
  await close();
});

Deno.test("text heartbeat: who never answers is dead, and any byte would have been life", async () => {
  const { clock, peer, session, close } = kept();
  for (let second = 0; second < 30; second++) {
    await peer.write(bytesOf("."));
    await clock.advance(1_000);
    assertEquals(await read(session), ".");
  }
  await clock.advance(3_100);
  assertEquals((await assertRejects(() => session.read(new Uint8Array(1)), NetError)).kind, "dead");
  await close();
});

Deno.test("text heartbeat: strip=no leaves the answers in the data", async () => {
  const { peer, session, close } = kept({ strip: false });
  await peer.write(bytesOf("PONG\n"));
  assertEquals(await read(session), "PONG\n");
  await close();
});

Deno.test("text heartbeat: without send it only listens", async () => {
  const { send: _, ...quiet } = usual;
  const clock = new VirtualClock();
  const [inner, peer] = makePair();
  const session = keepAlive(inner, quiet, makeContext({ clock }));
  for (let second = 0; second < 10; second++) {
    await peer.write(bytesOf("PONG\n"));
    await clock.advance(1_000);
  }
  assertEquals([peer.waiting, session.unread?.()], [0, 0]);
  await clock.advance(3_100);
  assert(inner.aborted);
  await session[Symbol.asyncDispose]();
});

Deno.test("text heartbeat: a question never lands within a line, but is not put off for ever", async () => {
  const { clock, peer, session, close } = kept();
  await session.write(bytesOf("half a "));
  await clock.advance(1_500);
  assertEquals(await read(peer), "half a ");
  await session.write(bytesOf("line\n"));
  assertEquals(await read(peer), "line\n");
  assertEquals(await read(peer), "PING\n");
  await peer.write(bytesOf("PONG\n"));
  await session.write(bytesOf("never ended"));
  await clock.advance(2_100);
  assertEquals(await read(peer), "never ended");
  assertEquals(await read(peer), "PING\n");
  await close();
});

Deno.test("text heartbeat: half of an answer waits for its rest, a prompt does not", async () => {
  const { clock, peer, session, close } = kept();
  await peer.write(bytesOf("PO"));
  const reading = read(session);
  await clock.advance(500);
  await peer.write(bytesOf("NG 1\nlogin: "));
  assertEquals(await reading, "login: ");
  await peer.write(bytesOf("x\nPO"));
  assertEquals(await read(session), "x\n");
  const late = read(session);
  await clock.advance(1_001);
  assertEquals(await late, "PO");
  await close();
});

Deno.test("text heartbeat: after the peer's end of input its silence is in order", async () => {
  const { clock, inner, peer, session, close } = kept({ expect: /^PONG/ });
  Object.assign(inner, { unacknowledged: () => 0, handedOver: () => 0 });
  await peer.closeWrite();
  assertEquals(await read(session), "(end)");
  for (let second = 0; second < 60; second++) {
    await clock.advance(1_000);
    while (peer.waiting > 0) await read(peer);
  }
  await session.write(bytesOf("still here\n"));
  assertEquals(await read(peer), "still here\n");
  await session.closeWrite();
  assertEquals(await read(peer), "(end)");
  assertEquals(clock.pending, 0);
  await close();
});

Deno.test("text heartbeat: who is deaf still sees that nothing is acknowledged any more", async () => {
  const { clock, inner, peer, session, close } = kept();
  let [written, unacknowledged] = [0, 0];
  const write = inner.write.bind(inner);
  Object.assign(inner, {
    handedOver: () => written,
    unacknowledged: () => unacknowledged,
    unsent: () => 0,
    write: (chunk: Uint8Array) => {
      written += chunk.length;
      return write(chunk);
    },
  });
  await peer.closeWrite();
  assertEquals(await read(session), "(end)");
  await clock.advance(60_000); // each beat is acknowledged
  assertEquals(inner.aborted, false);
  const arrived = written;
  for (let quarter = 0; quarter < 18; quarter++) {
    unacknowledged = written - arrived; // none of those after
    await clock.advance(250);
  }
  assert(inner.aborted);
  const error = await assertRejects(() => session.write(new Uint8Array(1)), NetError);
  assertEquals(error.kind, "dead");
  await close();
});

Deno.test("text heartbeat: while nobody reads here, a peer that has no room is not dead", async () => {
  const { clock, inner, peer, session, close } = kept({}, { capacity: 1024 * 1024 });
  Object.assign(inner, {
    handedOver: () => 1_000,
    unacknowledged: () => 500,
    unsent: () => 500, // it has closed its window: it cannot take what it is sent
  });
  await peer.write(new Uint8Array(300_000));
  await clock.advance(600_000);
  assertEquals(inner.aborted, false);
  const into = new Uint8Array(64 * 1024);
  for (let left = 300_000; left > 0;) left -= await session.read(into) ?? 0;
  await clock.advance(3_100);
  assert(inner.aborted); // it can be heard again, and says nothing
  await close();
});

Deno.test("text heartbeat: of messages a whole one is an answer, others stay", async () => {
  const { clock, peer, session, close } = kept({}, { messages: true });
  await peer.write(bytesOf("PONG\n"));
  await peer.write(bytesOf("PONG\nand more"));
  await peer.write(bytesOf("data"));
  assertEquals([await read(session), await read(session)], ["PONG\nand more", "data"]);
  await clock.advance(1_000);
  assertEquals(await read(peer), "PING\n");
  await close();
});

Deno.test("text heartbeat: adaptive asks again as soon as an answer is late", async () => {
  const { clock, peer, close } = kept({ everyMs: 30_000, detector: "adaptive", misses: 2 });
  await clock.advance(30_000);
  assertEquals(await read(peer), "PING\n");
  await clock.advance(100);
  await peer.write(bytesOf("PONG\n")); // 100 ms: a timeout of one second
  await clock.advance(30_000);
  assertEquals(await read(peer), "PING\n");
  await clock.advance(1_100);
  assertEquals(await read(peer), "PING\n");
  await clock.advance(1_100);
  assertEquals(await read(peer), "PING\n");
  await clock.advance(2_100);
  assertEquals((await assertRejects(() => peer.read(new Uint8Array(9)), NetError)).kind, "reset");
  await close();
});
