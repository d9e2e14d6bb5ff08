import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { statusOfSession } from "../../../lib/cli/exit.ts";
import type { ChildStatus, Duplex } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { SessionEnd } from "../../../lib/core/reason.ts";
import { bulkBuffers } from "../../../lib/stream/buffer_pool.ts";
import { tapped } from "../../../lib/stream/tap.ts";
import { WrappedDuplex } from "../../../lib/stream/wrapped.ts";
import { readToEnd } from "../../support/pair.ts";
import { bytesOf, relaying } from "../../support/relaying.ts";

async function text(from: Duplex): Promise<string> {
  return new TextDecoder().decode(await readToEnd(from));
}

async function next(from: Duplex): Promise<string> {
  const into = new Uint8Array(100);
  return new TextDecoder().decode(into.subarray(0, await from.read(into) ?? 0));
}

Deno.test("relay keeps the reply when the request side ends first", async () => {
  const { left, right, done } = relaying();
  await left.write(bytesOf("question"));
  await left.closeWrite();
  assertEquals(await text(right), "question");
  await right.write(bytesOf("answer"));
  await right.closeWrite();
  assertEquals(await text(left), "answer");
  const tally = await done;
  assertEquals([tally.reason, tally.aToB.bytes, tally.bToA.bytes], ["local-end", 8, 6]);
});

Deno.test("the side whose input ended first is the reason; which leg is the peer is told", async () => {
  for (
    const [first, peer, reason] of [["a", "b", "local-end"], ["b", "b", "peer-end"], [
      "a",
      "a",
      "peer-end",
    ], ["b", "a", "local-end"]] as const
  ) {
    const { left, right, done } = relaying({ peer });
    const [one, two] = first === "a" ? [left, right] : [right, left];
    await one.closeWrite();
    await readToEnd(two);
    await two.closeWrite();
    assertEquals((await done).reason, reason);
    await left[Symbol.asyncDispose]();
    await right[Symbol.asyncDispose]();
  }
});

Deno.test("any bytes in any pieces arrive whole both ways, whatever the buffers are", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
      fc.record({
        capacity: fc.integer({ min: 1, max: 400 }),
        readAtMost: fc.integer({ min: 1, max: 50 }),
        withoutReadable: fc.boolean(),
      }),
      fc.constantFrom("none", "line", "block"),
      async (there, back, pair, buffering) => {
        const { left, right, done } = relaying({ pairA: pair, pairB: pair, buffering });
        const say = async (end: Duplex, chunks: readonly Uint8Array[]) => {
          for (const chunk of chunks) await end.write(chunk);
          await end.closeWrite();
        };
        const [atRight, atLeft] = await Promise.all([
          readToEnd(right),
          readToEnd(left),
          say(left, there),
          say(right, back),
        ]);
        assertEquals([...atRight], there.flatMap((chunk) => [...chunk]));
        assertEquals([...atLeft], back.flatMap((chunk) => [...chunk]));
        assertEquals((await done).error, undefined);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a reset of one leg resets the other, after what came before it", async () => {
  const { left, right, done } = relaying();
  await left.write(bytesOf("last words"));
  assertEquals(await next(right), "last words");
  left.abort();
  const tally = await done;
  assertEquals([tally.reason, tally.error?.kind, statusOfSession(tally)], ["reset", "reset", 4]);
  await readToEnd(right).then(() => assert(false), (error) => assertEquals(error.kind, "reset"));
});

Deno.test("a leg that takes no more may still say something; then it is a reset", async () => {
  const refusing = (end: Duplex) =>
    new class extends WrappedDuplex {
      override write(): Promise<void> {
        return Promise.reject(new NetError({ kind: "broken", op: "write", message: "gone" }));
      }
    }(end);
  const { left, right, done, over } = relaying({ aroundB: refusing });
  await left.write(bytesOf("unheard"));
  await right.write(bytesOf("bye"));
  assertEquals(await next(left), "bye");
  assertEquals(over(), undefined);
  await right.closeWrite();
  const tally = await done;
  assertEquals([tally.reason, tally.error?.kind], ["reset", "broken"]);
});

Deno.test("a reader of standard output that went away ends it quietly", async () => {
  const { left, right, done } = relaying({ pairA: { right: { scheme: "stdio" } } });
  await left[Symbol.asyncDispose]();
  await right.write(bytesOf("too much"));
  const tally = await done;
  assertEquals([tally.reason, tally.error, statusOfSession(tally)], ["local-end", undefined, 0]);
});

Deno.test("a leg that is closed from outside does not leave the other one waiting", async () => {
  const { left, right, b, done } = relaying();
  b.abort();
  const tally = await done;
  assertEquals([tally.reason, tally.error?.kind], ["error", "aborted"]);
  await left[Symbol.asyncDispose]();
  await right[Symbol.asyncDispose]();
});

Deno.test("a cut ends it with the reason that the signal carries", async () => {
  for (
    const [reason, word, aborted] of [[new SessionEnd("drain"), "drain", true], [
      "SIGINT",
      "signal",
      false,
    ]] as const
  ) {
    const { left, b, done, abort, clock } = relaying({ idleMs: 1_000 });
    await left.write(bytesOf("x"));
    abort(reason);
    assertEquals((await done).reason, word);
    assertEquals(b.aborted, aborted);
    assertEquals(clock.pending, 0);
  }
});

Deno.test("a signal that came before opens nothing and ends at once", async () => {
  const controller = new AbortController();
  controller.abort(new SessionEnd("drain"));
  const { running, done, abort } = relaying();
  abort(controller.signal.reason);
  assertEquals((await done).reason, "drain");
  assertEquals(running.aToB.bytes, 0);
});

Deno.test("a child that ended ends the session, however long its client goes on", async () => {
  const status: ChildStatus = { pid: 7, code: 3, signal: null };
  const child = (end: Duplex) =>
    new class extends WrappedDuplex {
      override readonly child = Promise.resolve(status);
    }(end);
  for (const oneWay of [undefined, "a-b"] as const) {
    const { left, right, done } = relaying({ aroundB: child, ...(oneWay ? { oneWay } : {}) });
    await right.write(bytesOf("result"));
    await right.closeWrite();
    const tally = await done;
    assertEquals([tally.reason, tally.child], ["peer-end", status]);
    assertEquals(await text(left), oneWay ? "" : "result");
  }
});

Deno.test("one way only: the other direction is thrown away, and nothing jams", async () => {
  for (const oneWay of ["a-b", "b-a"] as const) {
    const { left, right, done } = relaying({
      oneWay,
      pairA: { capacity: 4 },
      pairB: { capacity: 4 },
    });
    const [from, to] = oneWay === "a-b" ? [left, right] : [right, left];
    for (let round = 0; round < 10; round++) await to.write(bytesOf("ignored"));
    await from.write(bytesOf("data"));
    await from.closeWrite();
    assertEquals(await text(to), "data");
    const tally = await done;
    assertEquals(tally.error, undefined);
    const flow = oneWay === "a-b" ? tally.bToA : tally.aToB;
    assertEquals(flow.bytes, 0);
    assertEquals(await text(from), "");
  }
});

Deno.test("a reset of the leg that is thrown away is noticed", async () => {
  const { left, right, done } = relaying({ oneWay: "a-b" });
  right.abort();
  assertEquals((await done).reason, "reset");
  await left[Symbol.asyncDispose]();
});

Deno.test("two ends that can only be read, or only be written, are over at once", async () => {
  for (const traits of [{ readOnly: true }, { writeOnly: true }]) {
    const { done } = relaying({ pairA: { traits }, pairB: { traits } });
    assertEquals((await done).reason, "local-end");
  }
});

Deno.test("a terminal ends with its peer; nobody has to type the end", async () => {
  const { left, right, done } = relaying({ endWithPeer: true });
  await right.write(bytesOf("goodbye"));
  await right.closeWrite();
  assertEquals(await text(left), "goodbye");
  assertEquals((await done).reason, "peer-end");
});

Deno.test("a tap that fails ends the session with its error, and both legs are closed", async () => {
  const full = new NetError({ kind: "local-write", op: "write", message: "disk full" });
  for (const way of ["a-b", "b-a"] as const) {
    const tap = {
      chunk: (direction: string) => direction === way ? Promise.reject(full) : Promise.resolve(),
    };
    const { left, right, a, b, done } = relaying({ aroundA: (end) => tapped(end, [tap]) });
    await (way === "a-b" ? left : right).write(bytesOf("x"));
    const tally = await done;
    assertEquals([tally.reason, tally.error, statusOfSession(tally)], ["error", full, 4]);
    assert(a.closed && b.closed);
  }
});

Deno.test("what fails in closing is told, but never changes why a signal ended it", async () => {
  const full = new NetError({ kind: "local-write", op: "close", message: "disk full" });
  const tap = { chunk: () => {}, close: () => Promise.reject(full) };
  for (const cut of [false, true]) {
    const { left, right, done, abort } = relaying({ aroundA: (end) => tapped(end, [tap]) });
    if (cut) abort();
    await left.closeWrite();
    await right.closeWrite();
    const tally = await done;
    assertEquals([tally.reason, tally.error], [cut ? "signal" : "error", full]);
  }
});

Deno.test("an idle session holds no pooled buffer, before and after a burst", async () => {
  let lent = 0;
  const { take, give } = bulkBuffers;
  bulkBuffers.take = () => (lent++, take.call(bulkBuffers));
  bulkBuffers.give = (buffer) => (lent--, give.call(bulkBuffers, buffer));
  try {
    const { left, right, clock, done, abort } = relaying({
      pairA: { capacity: 1 << 20 },
      pairB: { capacity: 1 << 20 },
    });
    await clock.advance(1);
    assertEquals(lent, 0);
    await left.write(new Uint8Array(100_000));
    await clock.advance(1);
    assertEquals([right.waiting, lent], [100_000, 0]);
    abort();
    await done;
  } finally {
    bulkBuffers.take = take;
    bulkBuffers.give = give;
  }
});

Deno.test("backpressure holds: no more is read than the other leg takes", async () => {
  const small = { capacity: 1_000 };
  const { left, clock, running, done, abort } = relaying({ pairA: small, pairB: small });
  let accepted = 0;
  const pouring = (async () => {
    for (;;) {
      await left.write(new Uint8Array(500));
      accepted += 500;
    }
  })().catch((error) => error.kind);
  await clock.advance(10_000);
  assert(accepted <= 4_000, `${accepted} bytes were taken`);
  assert(running.aToB.bytes <= 2_000);
  abort();
  await clock.advance(1_000);
  assertEquals((await done).reason, "signal");
  await left[Symbol.asyncDispose]();
  await pouring;
});
