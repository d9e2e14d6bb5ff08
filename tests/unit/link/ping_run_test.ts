/**
 * Requests on a schedule, on virtual time.
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Clock, VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import { type PingResult, PingRun, type PingSchedule } from "../../../lib/link/ping_run.ts";
import type { ProbeEvents, Prober } from "../../../lib/link/prober.ts";

/** A run whose peer is the test. */
class Bench {
  readonly clock = new VirtualClock();
  readonly results: PingResult[] = [];
  /** When each request was sent. */
  readonly sentMs: number[] = [];
  readonly controller = new AbortController();
  readonly run: PingRun;
  isClosed = false;
  #events: ProbeEvents | undefined;

  /**
   * @param answer what happens when a request is sent
   * @param lateMs how much later than asked every timer of the run fires
   */
  constructor(
    schedule: PingSchedule,
    answer: (sequence: number, bench: Bench) => void = () => {},
    lateMs = 0,
  ) {
    const make = (events: ProbeEvents): Prober => {
      this.#events = events;
      return {
        probe: (sequence) => {
          this.sentMs.push(this.clock.now());
          answer(sequence, this);
        },
        [Symbol.asyncDispose]: () => {
          this.isClosed = true;
          return Promise.resolve();
        },
      };
    };
    const clock: Clock = {
      now: () => this.clock.now(),
      wall: () => this.clock.wall(),
      timer: (delayMs, then) => this.clock.timer(delayMs + lateMs, then),
    };
    const context = makeContext({ clock, signal: this.controller.signal });
    this.run = new PingRun(make, schedule, (result) => this.results.push(result), context);
  }

  get events(): ProbeEvents {
    if (this.#events === undefined) throw new Error("not begun");
    return this.#events;
  }

  answerIn(delayMs: number, sequence: number): void {
    this.clock.timer(delayMs, () => this.events.answered(sequence));
  }
}

const second = { intervalMs: 1_000, timeoutMs: 5_000 };

Deno.test("a ping ends with the answer to its last request, and closes what it opened", async () => {
  const bench = new Bench({ ...second, count: 3 }, (sequence, { answerIn }) => {
    answerIn.call(bench, 10 * sequence, sequence);
  });
  const done = bench.run.run();
  await bench.clock.advance(2_030);
  assertEquals(await done, null);
  assertEquals(
    bench.results,
    [1, 2, 3].map((sequence) => {
      return { kind: "reply", sequence, roundTripMs: 10 * sequence };
    }),
  );
  assertEquals([bench.isClosed, bench.clock.pending, bench.run.waiting], [true, 0, 0]);
});

Deno.test("a late timer of this machine is not the peer's round trip, and shifts no schedule", async () => {
  const bench = new Bench({ ...second, count: 3 }, (sequence) => bench.answerIn(5, sequence), 2);
  const done = bench.run.run();
  await bench.clock.advance(2_100);
  await done;
  const times = bench.results.map((result) => "roundTripMs" in result ? result.roundTripMs : null);
  assertEquals(times, [5, 5, 5]);
  assertEquals(bench.sentMs, [0, 1_002, 2_002]);
});

Deno.test("an answer that is late delays no request", async () => {
  const bench = new Bench({ ...second, count: 4 }, (sequence) => bench.answerIn(3_500, sequence));
  const done = bench.run.run();
  await bench.clock.advance(6_500);
  await done;
  assertEquals(bench.sentMs, [0, 1_000, 2_000, 3_000]);
  assertEquals(bench.results.map(({ kind }) => kind), ["reply", "reply", "reply", "reply"]);
});

Deno.test("a request is lost after its time, and an answer after that is late", async () => {
  const bench = new Bench({ intervalMs: 1_000, timeoutMs: 1_500, count: 2 }, (sequence) => {
    if (sequence === 1) bench.answerIn(1_700, 1);
  });
  const done = bench.run.run();
  await bench.clock.advance(2_500);
  await done;
  assertEquals(bench.results, [
    { kind: "lost", sequence: 1 },
    { kind: "late", sequence: 1, roundTripMs: 1_700 },
    { kind: "lost", sequence: 2 },
  ]);
});

Deno.test("a second answer is a duplicate, and one to nothing is nobody's", async () => {
  const bench = new Bench({ ...second, count: 2 }, (sequence) => {
    bench.answerIn(1, sequence);
    if (sequence === 1) {
      bench.answerIn(2, 1);
      bench.answerIn(3, 77);
    }
  });
  const done = bench.run.run();
  await bench.clock.advance(1_001);
  await done;
  assertEquals(bench.results.map(({ kind, sequence }) => [kind, sequence]), [
    ["reply", 1],
    ["duplicate", 1],
    ["reply", 2],
  ]);
});

Deno.test("what the network says is blamed on the request that waits longest", async () => {
  const error = new NetError({ kind: "refused", op: "send", message: "connection refused" });
  const bench = new Bench({ ...second, count: 2 });
  const done = bench.run.run();
  await bench.clock.advance(1_000);
  bench.events.unreached(error);
  bench.events.failed(2, error);
  bench.events.unreached(error); // nobody waits
  assertEquals(await done, null);
  assertEquals(bench.results, [
    { kind: "lost", sequence: 1, error },
    { kind: "lost", sequence: 2, error },
  ]);
});

Deno.test("an echo that differs is neither answered nor lost", async () => {
  const bench = new Bench({ ...second, count: 1 });
  const done = bench.run.run();
  await bench.clock.advance(0);
  bench.events.differed(null, { offset: 0, sent: 1, received: 2 });
  bench.events.differed(1, { offset: 3, sent: 1, received: null });
  assertEquals(await done, null);
  assertEquals(bench.results, [
    { kind: "different", sequence: null, offset: 0, sent: 1, received: 2 },
    { kind: "different", sequence: 1, offset: 3, sent: 1, received: null },
  ]);
});

Deno.test("a request that was lost is no other one when its echo comes late and differs", async () => {
  const bench = new Bench({ intervalMs: 1_000, timeoutMs: 1_500, count: 1 });
  const done = bench.run.run();
  await bench.clock.advance(1_500);
  bench.events.differed(1, { offset: 3, sent: 1, received: 2 });
  await done;
  assertEquals(bench.results, [
    { kind: "lost", sequence: 1 },
    { kind: "different", sequence: null, offset: 3, sent: 1, received: 2 },
  ]);
});

Deno.test("the end of the session ends the ping with what it says", async () => {
  const error = new NetError({ kind: "reset", op: "read", message: "reset" });
  const bench = new Bench(second);
  const done = bench.run.run();
  await bench.clock.advance(1_500);
  bench.events.ended(error);
  assertEquals(await done, error);
  assertEquals([bench.run.sent, bench.run.waiting, bench.clock.pending], [2, 0, 0]);
  assertEquals(bench.results, [1, 2].map((sequence) => ({ kind: "lost", sequence, error })));
});

Deno.test("a signal ends it at once; what waits is left as it is", async () => {
  const bench = new Bench(second);
  const done = bench.run.run();
  await bench.clock.advance(2_500);
  bench.controller.abort();
  assertEquals(await done, null);
  assertEquals([bench.results.length, bench.run.waiting, bench.isClosed], [0, 3, true]);
  const late = new Bench(second);
  late.controller.abort();
  assertEquals(await late.run.run(), null);
  assertEquals([late.sentMs.length, late.isClosed], [0, true]);
});

Deno.test("a machine that was asleep does not make up for what it slept through", async () => {
  const bench = new Bench({ ...second, count: 100 }, (sequence) => bench.answerIn(1, sequence));
  let asleepMs = 0;
  const awake = bench.clock.now.bind(bench.clock);
  bench.clock.now = () => awake() + asleepMs;
  const done = bench.run.run();
  await bench.clock.advance(1_500);
  asleepMs = 60_000;
  await bench.clock.advance(2_000);
  assertEquals(bench.sentMs.map((at) => at % 60_000 < 5_000), [true, true, true, true]);
  assertEquals(bench.run.sent, 4);
  bench.controller.abort();
  await done;
});
