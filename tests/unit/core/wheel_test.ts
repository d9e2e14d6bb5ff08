import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { type Clock, realClock, type Timer, VirtualClock } from "../../../lib/core/clock.ts";
import { TimerWheel } from "../../../lib/core/wheel.ts";

Deno.test("wheel fires in order of deadline, and of setting among equals, on one timer", async () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const fired: string[] = [];
  for (
    const [name, delayMs] of [["c", 30], ["a", 10], ["b1", 20], ["b2", 20], ["b3", 20]] as const
  ) {
    wheel.timer(delayMs, () => fired.push(`${name}@${clock.now()}`));
  }
  assertEquals(clock.pending, 1);
  await clock.advance(100);
  assertEquals(fired, ["a@10", "b1@20", "b2@20", "b3@20", "c@30"]);
  assertEquals([clock.pending, wheel.size], [0, 0]);
});

Deno.test("wheel agrees with a plain list of timers, whatever is set and cancelled", async () => {
  const plan = fc.array(
    fc.record({
      delayMs: fc.integer({ min: 0, max: 50 }),
      cancelAtMs: fc.option(fc.integer({ min: 0, max: 50 })),
    }),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(plan, async (timers) => {
      const run = async (
        set: (clock: VirtualClock) => (delayMs: number, then: () => void) => Timer,
      ) => {
        const clock = new VirtualClock();
        const timer = set(clock);
        const fired: string[] = [];
        timers.forEach(({ delayMs, cancelAtMs }, index) => {
          const one = timer(delayMs, () => fired.push(`${index}@${clock.now()}`));
          if (cancelAtMs !== null) clock.timer(cancelAtMs - 0.5, () => one.cancel());
        });
        await clock.advance(100);
        assertEquals(clock.pending, 0);
        return fired;
      };
      const expected = await run((clock) => (delayMs, then) => clock.timer(delayMs, then));
      const actual = await run((clock) => {
        const wheel = new TimerWheel(clock);
        return (delayMs, then) => wheel.timer(delayMs, then);
      });
      assertEquals(actual, expected);
    }),
    { numRuns: 100 },
  );
});

Deno.test("cancelling many at once leaves the others in order", async () => {
  const delays = fc.array(fc.tuple(fc.nat(1000), fc.boolean()), { minLength: 30, maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(delays, async (timers) => {
      const clock = new VirtualClock();
      const wheel = new TimerWheel(clock);
      const fired: number[] = [];
      const set = timers.map(([delayMs]) => wheel.timer(delayMs, () => fired.push(delayMs)));
      timers.forEach(([, cancelled], at) => cancelled && set[at]?.cancel());
      const kept = timers.filter(([, cancelled]) => !cancelled).map(([delayMs]) => delayMs);
      await clock.advance(1000);
      assertEquals(fired, kept.sort((a, b) => a - b));
    }),
    { numRuns: 50 },
  );
});

Deno.test("watch expires once, a whole delay after the last activity", async () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  let last = 0;
  const expired: number[] = [];
  wheel.watch(100, { lastActivityMs: () => last, expire: () => expired.push(clock.now()) });
  for (let step = 0; step < 5; step++) {
    await clock.advance(70);
    last = clock.now();
  }
  assertEquals(expired, []);
  await clock.advance(99);
  assertEquals(expired, []);
  await clock.advance(500);
  assertEquals(expired, [450]);
  assertEquals(clock.pending, 0);
});

Deno.test("activity sets no timer: a busy session wakes the wheel once per delay", async () => {
  const clock = new VirtualClock();
  let set = 0;
  const counting: Clock = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    timer: (delayMs, then) => (set++, clock.timer(delayMs, then)),
  };
  const wheel = new TimerWheel(counting);
  let last = 0;
  const watch = wheel.watch(1000, { lastActivityMs: () => last, expire: () => {} });
  for (let step = 0; step < 1000; step++) {
    await clock.advance(10);
    last = clock.now();
  }
  assert(set <= 11, `${set} timers were set`);
  watch.cancel();
  assertEquals(clock.pending, 0);
});

Deno.test("a cancelled deadline never fires and cancelling twice is harmless", async () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const kept: number[] = [];
  const gone = wheel.timer(10, () => kept.push(1));
  wheel.timer(20, () => kept.push(2));
  gone.cancel();
  gone.cancel();
  assertEquals(wheel.size, 1);
  await clock.advance(50);
  assertEquals(kept, [2]);
});

Deno.test("a deadline may set and cancel others while it fires", async () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const fired: string[] = [];
  const doomed = wheel.timer(10, () => fired.push("doomed"));
  wheel.timer(5, () => {
    doomed.cancel();
    wheel.timer(0, () => fired.push("now"));
    wheel.timer(7, () => fired.push("later"));
  });
  await clock.advance(20);
  assertEquals(fired, ["now", "later"]);
});

Deno.test("a callback that throws is heard and leaves the other deadlines armed", async () => {
  const clock = new VirtualClock();
  let wake = () => {};
  const wheel = new TimerWheel({
    now: () => clock.now(),
    wall: () => clock.wall(),
    timer: (delayMs, then) => clock.timer(delayMs, wake = then),
  });
  let fired = 0;
  wheel.timer(0, () => {
    throw new RangeError("a bug");
  });
  wheel.timer(5, () => fired++);
  assertThrows(() => wake(), RangeError, "a bug");
  await clock.advance(10);
  assertEquals(fired, 1);
});

Deno.test("everything on one clock shares a wheel, and an idle wheel holds no timer", () => {
  assert(TimerWheel.of(realClock) === TimerWheel.of(realClock));
  assert(TimerWheel.of(new VirtualClock()) !== TimerWheel.of(realClock));
  // The sanitizers fail this test if the runtime's timer stays.
  TimerWheel.of(realClock).timer(60_000, () => {}).cancel();
});
