import { assert, assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import type { ChildStatus, Duplex } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { limited } from "../../../lib/stream/rate.ts";
import { type Tap, tapped } from "../../../lib/stream/tap.ts";
import { webStreams } from "../../../lib/stream/web.ts";
import { WrappedDuplex } from "../../../lib/stream/wrapped.ts";
import { makePair, type PairEnd, readToEnd } from "../../support/pair.ts";
import { bytesOf } from "../../support/relaying.ts";

const failure = new NetError({ kind: "local-write", op: "write", message: "disk full" });

Deno.test("a wrapper has exactly the powers of the session inside", async () => {
  const [bare] = makePair({ withoutReadable: true });
  const plain = new WrappedDuplex(bare);
  assertEquals([plain.readable, plain.child, plain.unacknowledged], [
    undefined,
    undefined,
    undefined,
  ]);

  const status: ChildStatus = { pid: 1, code: 0, signal: null };
  const [far, inner] = makePair();
  const powerful: Duplex = Object.assign(inner, {
    child: Promise.resolve(status),
    unacknowledged: () => 42,
  });
  const wrapped = new WrappedDuplex(new WrappedDuplex(powerful));
  assertEquals(await wrapped.child, status);
  assertEquals(wrapped.unacknowledged?.(), 42);
  const ready = wrapped.readable?.();
  await far.write(bytesOf("x"));
  await ready;
  assertEquals(await wrapped.read(new Uint8Array(1)), 1);
  assertEquals([wrapped.local, wrapped.remote, wrapped.traits], [
    inner.local,
    inner.remote,
    inner.traits,
  ]);
});

Deno.test("taps see every byte each way, then each end once, then the close", async () => {
  const seen: string[] = [];
  const tap: Tap = {
    chunk: (way, chunk) => void seen.push(`${way} ${new TextDecoder().decode(chunk)}`),
    end: (way) => void seen.push(`${way} end`),
    close: () => void seen.push("close"),
  };
  const [far, near] = makePair();
  const session = tapped(near, [tap]);
  await far.write(bytesOf("in"));
  await session.read(new Uint8Array(9));
  await session.write(bytesOf("out"));
  await far.closeWrite();
  for (let again = 0; again < 2; again++) {
    assertEquals(await session.read(new Uint8Array(9)), null);
    await session.closeWrite();
  }
  for (let again = 0; again < 2; again++) await session[Symbol.asyncDispose]();
  assertEquals(seen, ["a-b in", "b-a out", "a-b end", "b-a end", "close"]);
  assertEquals(new TextDecoder().decode(await readToEnd(far)), "out");
});

Deno.test("without taps there is nothing around a session", () => {
  const [near] = makePair();
  assert(tapped(near, []) === near);
});

Deno.test("a tap that fails in closing keeps neither the session nor the other taps open", async () => {
  const closed: string[] = [];
  const taps: Tap[] = [
    { chunk: () => {}, close: () => Promise.reject(failure) },
    { chunk: () => {}, close: () => void closed.push("second") },
  ];
  const [, near] = makePair();
  await assertRejects(() => Promise.resolve(tapped(near, taps)[Symbol.asyncDispose]()), NetError);
  assertEquals([near.closed, closed], [true, ["second"]]);

  const stuck = new class extends WrappedDuplex {
    override [Symbol.asyncDispose](): Promise<void> {
      return Promise.reject(failure);
    }
  }(makePair()[0]);
  closed.length = 0;
  const around = tapped(stuck, taps.slice(1));
  await assertRejects(() => Promise.resolve(around[Symbol.asyncDispose]()), NetError);
  assertEquals(closed, ["second"], "the session fails in closing");
});

Deno.test("a limited session that is aborted or closed leaves no timer", async () => {
  for (const end of ["abort", "close"] as const) {
    const clock = new VirtualClock();
    const [, near] = makePair();
    const session = limited(near, 10, clock);
    const writing = session.write(new Uint8Array(100)).catch((error) => error.kind);
    await clock.advance(1);
    assertEquals(clock.pending, 1);
    assert((session.unacknowledged?.() ?? 0) > 90);
    if (end === "abort") session.abort();
    else await session[Symbol.asyncDispose]();
    assertEquals(await writing, "aborted");
    assertEquals([clock.pending, session.unacknowledged?.()], [0, 0]);
  }
});

Deno.test("a limited session of messages cuts none", async () => {
  const clock = new VirtualClock();
  const [far, near] = makePair({ messages: true });
  const session = limited(near, 100, clock);
  const writing = session.write(new Uint8Array(50));
  assertEquals(await far.read(new Uint8Array(100)), 50);
  await clock.advance(400);
  await writing;
  await far.write(new Uint8Array(7));
  assertEquals(await session.read(new Uint8Array(100)), 7);
});

/** A session as web streams, with the far end. */
function web(): { far: PairEnd; near: PairEnd } & ReturnType<typeof webStreams> {
  const [far, near] = makePair({ capacity: 1 << 20 });
  return { far, near, ...webStreams(near) };
}

Deno.test("the end of a web writable is half-close; the readable goes on", async () => {
  const { far, readable, writable } = web();
  const writer = writable.getWriter();
  await writer.write(bytesOf("question"));
  await writer.close();
  assertEquals(new TextDecoder().decode(await readToEnd(far)), "question");
  await far.write(bytesOf("answer"));
  await far.write(new Uint8Array(40_000));
  await far.closeWrite();
  const answer = new Uint8Array(await new Response(readable).arrayBuffer());
  assertEquals([answer.length, new TextDecoder().decode(answer.subarray(0, 6))], [
    40_006,
    "answer",
  ]);
});

Deno.test("a web readable reads nothing that nobody asked for", async () => {
  const { far, near, readable } = web();
  await far.write(bytesOf("x"));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(near.waiting, 1);
  const reader = readable.getReader();
  assertEquals((await reader.read()).value, bytesOf("x"));
});

Deno.test("cancelling a web readable, or aborting the writable, breaks the session", async () => {
  for (const how of ["cancel", "abort"] as const) {
    const { far, near, readable, writable } = web();
    if (how === "cancel") await readable.cancel();
    else await writable.abort();
    assert(near.aborted);
    const error = await assertRejects(() => far.read(new Uint8Array(1)), NetError);
    assertEquals(error.kind, "reset");
  }
});

Deno.test("a broken session errors its web streams", async () => {
  const { far, readable, writable } = web();
  far.abort();
  const read = readable.getReader().read();
  const written = writable.getWriter().write(bytesOf("x"));
  for (const failed of [read, written]) {
    assertEquals((await assertRejects<NetError>(() => failed, NetError)).kind, "reset");
  }
});
