import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { LazyDeadline } from "../../../lib/service/lazy_deadline.ts";

Deno.test("the deadline that was set last is the one that comes, nearer or farther", async () => {
  const clock = new VirtualClock();
  const expired: number[] = [];
  const deadline = new LazyDeadline(clock, () => expired.push(clock.now()));
  deadline.set(100);
  deadline.set(1_000);
  await clock.advance(999);
  assertEquals(expired, []);
  await clock.advance(1);
  assertEquals(expired, [1_000]);
  deadline.set(1_000);
  deadline.set(10);
  await clock.advance(5_000);
  assertEquals(expired, [1_000, 1_010]);
});

Deno.test("none and cancelled deadlines never come, and leave no timer", async () => {
  const clock = new VirtualClock();
  let expired = 0;
  const deadline = new LazyDeadline(clock, () => expired++);
  deadline.set(100);
  deadline.set(Infinity);
  await clock.advance(1_000);
  assertEquals([expired, clock.pending], [0, 0]);
  deadline.set(100);
  deadline.cancel();
  await clock.advance(1_000);
  assertEquals([expired, clock.pending], [0, 0]);
});

Deno.test("moving a deadline away touches no timer", () => {
  let timers = 0;
  const clock = new VirtualClock();
  const counted = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    timer: (delayMs: number, then: () => void) => {
      timers++;
      return clock.timer(delayMs, then);
    },
  };
  const deadline = new LazyDeadline(counted, () => {});
  for (let delayMs = 1; delayMs < 1_000; delayMs++) deadline.set(delayMs);
  assertEquals(timers, 1);
  deadline.cancel();
});
