import { assert, assertEquals } from "@std/assert";
import { statusOfSession } from "../../../lib/cli/exit.ts";
import type { Duplex } from "../../../lib/core/contract.ts";
import { limited } from "../../../lib/stream/rate.ts";
import { WrappedDuplex } from "../../../lib/stream/wrapped.ts";
import { readToEnd } from "../../support/pair.ts";
import { bytesOf, type Relaying, relaying } from "../../support/relaying.ts";

/** What ended it and when, on virtual time; nothing may wait on the clock afterwards. */
async function endOf({ done, clock }: Relaying): Promise<unknown[]> {
  const tally = await done;
  assertEquals(clock.pending, 0, "timers that are left");
  return [tally.reason, tally.error?.kind, statusOfSession(tally), tally.durationMs];
}

Deno.test("--idle ends a session in which nothing moved for so long", async () => {
  const session = relaying({ idleMs: 1_000 });
  await session.clock.advance(900);
  await session.left.write(bytesOf("x"));
  await session.clock.advance(999);
  assertEquals(session.over(), undefined);
  await session.clock.advance(1);
  assertEquals(await endOf(session), ["idle", "idle", 4, 1_900]);
});

/** A leg whose peer takes nothing, and says how much it has not acknowledged. */
function slow(left: { bytes: number }): (end: Duplex) => Duplex {
  return (end) =>
    new class extends WrappedDuplex {
      override readonly unacknowledged = () => left.bytes;
    }(end);
}

Deno.test("a slow peer that acknowledges is not idle; one that stops is", async () => {
  const left = { bytes: 1_000 };
  const session = relaying({ idleMs: 1_000, pairB: { capacity: 1 }, aroundB: slow(left) });
  await session.left.write(bytesOf("first"));
  await session.clock.advance(0);
  await session.left.write(bytesOf("second")); // waits in the relay for the peer
  for (let second = 0; second < 10; second++) {
    left.bytes -= 10;
    await session.clock.advance(1_000);
    assertEquals(session.over(), undefined);
  }
  left.bytes = 0;
  await session.clock.advance(3_000);
  assertEquals((await endOf(session))[0], "idle");
});

Deno.test("a write that --rate-limit stretches is not idle", async () => {
  for (
    const [around, from, to] of [["aroundA", "right", "left"], [
      "aroundB",
      "left",
      "right",
    ]] as const
  ) {
    const session = relaying({
      idleMs: 1_000,
      [around]: (end: Duplex, clock: Relaying["clock"]) => limited(end, 100, clock),
      pairA: { capacity: 1 << 16 },
      pairB: { capacity: 1 << 16 },
    });
    await session[from].write(new Uint8Array(2_000));
    await session[from].closeWrite();
    await session[to].closeWrite();
    const got = readToEnd(session[to]);
    // In steps, so that the many promises of each byte's way keep up with the clock.
    for (let step = 0; step < 2_500 && session.over() === undefined; step++) {
      await session.clock.advance(10);
    }
    const { reason, error, durationMs } = await session.done;
    assertEquals(error, undefined, reason);
    assertEquals((await got).length, 2_000);
    assert(durationMs >= 19_000 && durationMs <= 21_000, `${durationMs} ms`);
  }
});

Deno.test("--lifetime ends a session at its age, in order and with status 0", async () => {
  const session = relaying({ lifetimeMs: 5_000 });
  await session.clock.advance(4_000);
  await session.left.write(bytesOf("x"));
  await session.clock.advance(1_000);
  assertEquals(await endOf(session), ["lifetime", undefined, 0, 5_000]);
  assertEquals((await readToEnd(session.right)).length, 1);
});

Deno.test("--eof-timeout bounds how long the other direction goes on after one ended", async () => {
  const session = relaying({ eofTimeoutMs: 1_000 });
  await session.clock.advance(60_000);
  await session.left.closeWrite();
  await session.clock.advance(500);
  await session.right.write(bytesOf("still here"));
  await session.clock.advance(499);
  assertEquals(session.over(), undefined);
  await session.clock.advance(1);
  assertEquals(await endOf(session), ["limit", "limit", 4, 61_000]);
});

Deno.test("--eof-timeout leaves no timer where both directions end in time", async () => {
  const session = relaying({ eofTimeoutMs: 1_000, lifetimeMs: 9_000, idleMs: 9_000 });
  await session.left.closeWrite();
  await session.clock.advance(10);
  await session.right.closeWrite();
  assertEquals(await endOf(session), ["local-end", undefined, 0, 10]);
});

Deno.test("--until-quiet ends after the later of end of input and the last byte", async () => {
  const session = relaying({ untilQuietMs: 1_000 });
  await session.clock.advance(5_000);
  await session.left.closeWrite();
  await session.clock.advance(900);
  await session.right.write(bytesOf("late"));
  await session.clock.advance(999);
  assertEquals(session.over(), undefined);
  await session.clock.advance(1);
  assertEquals(await endOf(session), ["local-end", undefined, 0, 6_900]);
});

Deno.test("--until-quiet counts from the start where there is no input", async () => {
  const session = relaying({ untilQuietMs: 1_000, pairA: { traits: { writeOnly: true } } });
  await session.clock.advance(1_000);
  assertEquals(await endOf(session), ["local-end", undefined, 0, 1_000]);
});

Deno.test("--until-quiet sets nothing in motion when something else ended the session", async () => {
  const session = relaying({ untilQuietMs: 1_000, endWithPeer: true });
  await session.right.closeWrite();
  assertEquals(await endOf(session), ["peer-end", undefined, 0, 0]);
});

const messages = { pairA: { messages: true }, pairB: { messages: true } };

Deno.test("as many replies as messages were sent end it, and not one less", async () => {
  const session = relaying({ replies: "as-sent", ...messages });
  await session.left.write(bytesOf("one"));
  await session.left.write(bytesOf("two"));
  await session.clock.advance(0);
  await session.right.write(bytesOf("first"));
  await session.left.closeWrite();
  await session.clock.advance(10);
  assertEquals(session.over(), undefined);
  await session.right.write(bytesOf("second"));
  await session.clock.advance(0);
  assertEquals((await endOf(session)).slice(0, 3), ["local-end", undefined, 0]);
  assertEquals((await session.done).bToA.writes, 2);
});

Deno.test("--replies N ends it at the Nth reply after the end of input", async () => {
  const session = relaying({ replies: 2, ...messages });
  for (const reply of ["1", "2", "3"]) await session.right.write(bytesOf(reply));
  await session.clock.advance(10);
  assertEquals(session.over(), undefined); // input goes on
  await session.left.closeWrite();
  await session.clock.advance(0);
  assertEquals((await endOf(session)).slice(0, 3), ["local-end", undefined, 0]);
});

Deno.test("replies that did not come are exit status 4, whatever ended the waiting", async () => {
  const quiet = relaying({ replies: 2, untilQuietMs: 1_000, ...messages });
  await quiet.right.write(bytesOf("only one"));
  await quiet.left.closeWrite();
  await quiet.clock.advance(1_000);
  assertEquals(await endOf(quiet), ["limit", "limit", 4, 1_000]);

  const ended = relaying({ replies: 2, ...messages });
  await ended.left.closeWrite();
  await ended.right.closeWrite();
  assertEquals((await endOf(ended)).slice(0, 3), ["limit", "limit", 4]);
});

Deno.test("line buffering hands on whole lines, and the rest at the end", async () => {
  const session = relaying({ buffering: "line" });
  await session.left.write(bytesOf("one\ntwo\nthr"));
  await session.clock.advance(0);
  assertEquals(session.right.waiting, 8);
  await session.left.write(bytesOf("ee"));
  await session.clock.advance(0);
  assertEquals(session.right.waiting, 8);
  await session.left.closeWrite();
  assertEquals(new TextDecoder().decode(await readToEnd(session.right)), "one\ntwo\nthree");
  await session.right.closeWrite();
  assertEquals((await session.done).aToB, { bytes: 13, writes: 2 });
});

Deno.test("block buffering hands on full blocks, and messages are never joined", async () => {
  const wide = { capacity: 1 << 20 };
  const session = relaying({ buffering: "block", pairA: wide, pairB: wide });
  for (let at = 0; at < 70; at++) await session.left.write(new Uint8Array(1_000));
  for (let turn = 0; turn < 100; turn++) await session.clock.advance(0);
  assertEquals(session.right.waiting, 64 * 1024);
  await session.left.closeWrite();
  assertEquals((await readToEnd(session.right)).length, 70_000);
  await session.right.closeWrite();
  await session.done;

  const cut = relaying({ buffering: "block", ...messages });
  await cut.left.write(bytesOf("a"));
  await cut.left.write(bytesOf("b"));
  await cut.clock.advance(0);
  assertEquals(await cut.right.read(new Uint8Array(9)), 1);
  await cut.left.closeWrite();
  await cut.right.closeWrite();
  await cut.done;
});

Deno.test("an end that waits for nobody breaks a peer that takes nothing", async () => {
  const stuck = (end: Duplex) =>
    new class extends WrappedDuplex {
      #let = () => {};
      override abort(reason?: unknown): void {
        super.abort(reason);
        this.#let();
      }
      override async [Symbol.asyncDispose](): Promise<void> {
        await new Promise<void>((resolve) => this.#let = resolve);
      }
    }(end);
  const signalled = relaying({ aroundB: stuck });
  signalled.abort();
  await signalled.clock.advance(100);
  assertEquals(await endOf(signalled), ["signal", undefined, 1, 100]);

  const idle = relaying({ aroundB: stuck, idleMs: 1_000 });
  await idle.clock.advance(3_000);
  assertEquals(await endOf(idle), ["idle", "idle", 4, 3_000]);
});
