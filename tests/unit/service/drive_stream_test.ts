import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import fc from "fast-check";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import type { ByteInput, ByteMachine, ByteOutput, Sink } from "../../../lib/core/machine.ts";
import { SessionEnd } from "../../../lib/core/reason.ts";
import { drive, type DriveOptions } from "../../../lib/service/drive.ts";
import { machineOf } from "../../support/machine.ts";
import { makePair, type PairOptions, readToEnd } from "../../support/pair.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function start(
  service: string | ByteMachine,
  options: PairOptions = {},
  limits: DriveOptions = {},
) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const context = makeContext({ clock, signal: controller.signal });
  const [peer, session] = makePair(options);
  const machine = typeof service === "string" ? machineOf(service, clock) : service;
  const done = drive(session, machine, context, limits);
  return { clock, controller, peer, session, done };
}

/** A machine of single functions. */
function custom(step: (input: ByteInput, nowMs: number, out: Sink<ByteOutput>) => void) {
  return { step, wantsDrain: false, deadlineMs: null as number | null };
}

Deno.test("the peer's end reaches the machine, and its last bytes are delivered before its end", async () => {
  const machine = custom((input, _now, out) => {
    if (input !== "end") return;
    out.put(encode("last "));
    out.put(encode("words"));
    out.put("end");
  });
  const { peer, session, done } = start(machine);
  await peer.write(encode("hello"));
  await peer.closeWrite();
  assertEquals(decode(await readToEnd(peer)), "last words");
  assertEquals(await done, { reason: "peer-end", bytesIn: 5, bytesOut: 10 });
  assert(session.closed);
});

Deno.test("echo is the identity whatever the cut, the capacity and the powers of the session", async () => {
  const options = fc.record({
    capacity: fc.integer({ min: 1, max: 100 }),
    readAtMost: fc.integer({ min: 1, max: 100 }),
    withoutReadable: fc.boolean(),
  });
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(pieces, options, async (chunks, pair) => {
      const { peer, done } = start("echo", pair);
      const send = async () => {
        for (const chunk of chunks) await peer.write(chunk);
        await peer.closeWrite();
      };
      const [, echoed] = await Promise.all([send(), readToEnd(peer)]);
      const sent = chunks.flatMap((chunk) => [...chunk]);
      assertEquals([...echoed], sent);
      assertEquals(await done, { reason: "peer-end", bytesIn: sent.length, bytesOut: sent.length });
    }),
    { numRuns: 50 },
  );
});

Deno.test("a peer that never reads stops being read: nothing piles up", async () => {
  const { clock, peer, session, done } = start("echo", { capacity: 1000 });
  let sent = 0;
  const flood = async () => {
    for (;;) {
      await peer.write(new Uint8Array(500));
      sent += 500;
    }
  };
  const flooding = assertRejects(flood);
  await clock.advance(1000);
  const stuckAt = sent;
  await clock.advance(1000);
  assertEquals(sent, stuckAt);
  assertLess(sent, 5000);
  peer.abort();
  assertEquals((await done).reason, "reset");
  await flooding;
  assert(session.closed);
});

Deno.test("chargen waits for a peer that does not read, goes on with one that does", async () => {
  const { clock, peer, done } = start("chargen", { capacity: 100_000 });
  await clock.advance(1000);
  assertLess(peer.waiting, 200_000);
  const first = new Uint8Array(1000);
  let total = 0;
  while (total < 1_000_000) total += await peer.read(first) ?? 0;
  peer.abort();
  const { reason, bytesOut } = await done;
  assertEquals(reason, "reset");
  assert(bytesOut >= 1_000_000 - 200_000);
});

Deno.test("chargen throws away what comes, even while its peer does not read", async () => {
  const { clock, peer, done } = start("chargen", { capacity: 1000 });
  for (let i = 0; i < 100; i++) {
    await peer.write(new Uint8Array(1000));
    await clock.advance(0);
  }
  peer.abort();
  assertEquals((await done).bytesIn, 100_000);
});

Deno.test("chargen goes on after a half-close, and a peer that closes ends it in order", async () => {
  const { clock, peer, done } = start("chargen", { capacity: 1000 });
  await peer.closeWrite();
  await clock.advance(10);
  const some = new Uint8Array(200_000);
  let total = 0;
  while (total < 200_000) total += await peer.read(some) ?? 0;
  await peer[Symbol.asyncDispose]();
  const { reason, error } = await done;
  assertEquals([reason, error], ["peer-end", undefined]);
});

Deno.test("daytime ends by itself and closes although its peer says nothing", async () => {
  const { peer, session, done } = start("daytime");
  assertEquals(decode(await readToEnd(peer)), "Thursday, January 1, 2026 00:00:00-UTC\r\n");
  assertEquals((await done).reason, "local-end");
  assert(session.closed);
});

Deno.test("a session that moves nothing for the idle time ends as idle, one that moves does not", async () => {
  const { clock, peer, session, done } = start("echo", {}, { idleMs: 1000 });
  for (let i = 0; i < 5; i++) {
    await clock.advance(900);
    await peer.write(encode("x"));
  }
  await clock.advance(999);
  assertEquals(session.closed, false);
  await clock.advance(1);
  const { reason, error, bytesIn } = await done;
  assertEquals([reason, error?.kind, bytesIn], ["idle", "idle", 5]);
  assertEquals(clock.pending, 0);
});

Deno.test("a session that reaches its age ends as lifetime, and leaves no timer", async () => {
  const { clock, peer, done } = start("echo", {}, { lifetimeMs: 5000, idleMs: 4000 });
  await clock.advance(3000);
  await peer.write(encode("x"));
  await clock.advance(2000);
  const { reason, error } = await done;
  assertEquals([reason, error], ["lifetime", undefined]);
  assertEquals(clock.pending, 0);
});

Deno.test("the signal cuts a session with its reason, also one that is blocked in writing", async () => {
  for (const blocked of [false, true]) {
    const { clock, controller, peer, session, done } = start("echo", { capacity: 10 });
    if (blocked) {
      for (let i = 0; i < 3; i++) void peer.write(new Uint8Array(50)).catch(() => {});
    }
    await clock.advance(1);
    controller.abort(new SessionEnd("drain"));
    assertEquals((await done).reason, "drain");
    assert(session.aborted);
  }
});

Deno.test("a peer's reset is the reason, with what broke it", async () => {
  const { clock, peer, done } = start("discard");
  await peer.write(encode("abc"));
  await clock.advance(1);
  peer.abort();
  const { reason, error, bytesIn } = await done;
  assertEquals([reason, error?.kind, bytesIn], ["reset", "reset", 3]);
});

Deno.test("a bug of a machine is thrown, and the session is closed all the same", async () => {
  for (const when of ["open", "end", "bytes", "deadline"]) {
    const machine = custom((input) => {
      if (input === when || (when === "bytes" && typeof input !== "string")) {
        throw new RangeError("a bug");
      }
    });
    if (when === "deadline") machine.deadlineMs = 5;
    const { clock, peer, session, done } = start(machine);
    const failing = assertRejects(() => done, RangeError, "a bug");
    await peer.write(encode("x")).catch(() => {});
    if (when !== "deadline") await peer.closeWrite();
    await clock.advance(10);
    await failing;
    assert(session.closed, when);
    assertEquals(clock.pending, 0);
  }
});

Deno.test("a machine that sends after its end is a bug", async () => {
  const machine = custom((input, _now, out) => {
    if (input !== "open") return;
    out.put("end");
    out.put(encode("x"));
  });
  await assertRejects(() => start(machine).done, Error, "after its end");
});

/** Sends a byte at each deadline. */
class Ticker implements ByteMachine {
  readonly wantsDrain = false;
  deadlineMs: number | null = 100;
  ticks = 0;

  step(input: ByteInput, nowMs: number, out: Sink<ByteOutput>): void {
    if (input === "end") {
      this.deadlineMs = null;
      out.put("end");
    }
    if (input !== "deadline") return;
    this.ticks++;
    this.deadlineMs = nowMs + 100;
    out.put(new Uint8Array(10));
  }
}

Deno.test("a machine is stepped at its deadlines, and not any more once it ended", async () => {
  const machine = new Ticker();
  const { clock, peer, done } = start(machine);
  await clock.advance(350);
  assertEquals([machine.ticks, peer.waiting], [3, 30]);
  await peer.closeWrite();
  await clock.advance(1000);
  assertEquals(machine.ticks, 3);
  assertEquals((await done).bytesOut, 30);
  assertEquals(clock.pending, 0);
});

Deno.test("deadlines wait for a peer that does not read: what they send cannot pile up", async () => {
  const machine = new Ticker();
  const { clock, peer, done } = start(machine, { capacity: 10 });
  await clock.advance(10_000);
  // One waits in the pair, one is being written.
  assertEquals(machine.ticks, 2);
  await peer.read(new Uint8Array(10));
  await clock.advance(99);
  assertEquals(machine.ticks, 3);
  peer.abort();
  await done;
});

/** A source that also answers: what it answers comes between what it sends. */
class TalkingSource implements ByteMachine {
  wantsDrain = true;
  readonly deadlineMs = null;
  left = 1000;

  step(input: ByteInput, _nowMs: number, out: Sink<ByteOutput>): void {
    if (input instanceof Uint8Array) out.put(input.map((byte) => byte - 0x20));
    if (input === "drain" && this.left-- > 0) out.put(encode("....."));
    if (this.left <= 0 && this.wantsDrain) {
      this.wantsDrain = false;
      out.put("end");
    }
  }
}

Deno.test("a source's answers are written between what it sends, and none is lost", async () => {
  const { peer, done } = start(new TalkingSource(), { capacity: 20 });
  const reading = readToEnd(peer);
  for (const letter of "abcdefghij") await peer.write(encode(letter));
  const text = decode(await reading);
  assertEquals(text.replaceAll(".", ""), "ABCDEFGHIJ");
  assertEquals((await done).reason, "local-end");
});
