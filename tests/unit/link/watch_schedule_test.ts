import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Schedule } from "../../../lib/link/watch_schedule.ts";
import { History, historyLength } from "../../../lib/link/watch_history.ts";
import { uniform } from "../../support/uniform.ts";

interface Item {
  readonly everyMs: number;
}

/** Lets time pass in steps, and notes when each item was due. */
function play(schedule: Schedule<Item>, untilMs: number, stepMs = 1): Map<Item, number[]> {
  const seen = new Map<Item, number[]>();
  for (let nowMs = 0; nowMs <= untilMs; nowMs += stepMs) {
    for (let item = schedule.next(nowMs); item !== null; item = schedule.next(nowMs)) {
      const times = seen.get(item) ?? [];
      times.push(nowMs);
      seen.set(item, times);
      schedule.again(item, nowMs);
    }
  }
  return seen;
}

const items = (count: number, everyMs: number) =>
  Array.from({ length: count }, () => ({ everyMs }));

Deno.test("a few targets are all looked at in the first milliseconds", () => {
  const schedule = new Schedule<Item>(uniform(1));
  const few = items(20, 10_000);
  schedule.add(few, 0);
  assertEquals(play(schedule, 20).size, 20);
});

Deno.test("many targets are an even stream of probes from the start, and stay one", () => {
  const schedule = new Schedule<Item>(uniform(2));
  const count = 2_000;
  const everyMs = 2_000;
  schedule.add(items(count, everyMs), 0);
  const seen = play(schedule, 40_000);
  const bins = new Map<number, number>();
  for (const times of seen.values()) {
    for (const at of times) {
      bins.set(Math.floor(at / 100), (bins.get(Math.floor(at / 100)) ?? 0) + 1);
    }
  }
  // A hundred a bin is even; the second interval is where the first looks meet their phases.
  const steady = [...bins].filter(([bin]) => bin < 20 || bin > 60).filter(([bin]) => bin < 400);
  for (const [bin, probes] of steady) {
    assert(probes > 40 && probes < 160, `${probes} probes in bin ${bin}`);
  }
});

Deno.test("an item is due about once in its interval, and never twice within a half", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 10, max: 1_000 }),
      fc.integer(),
      (count, everyMs, seed) => {
        const schedule = new Schedule<Item>(uniform(seed));
        schedule.add(items(count, everyMs), 0);
        const endMs = 20 * everyMs;
        for (const times of play(schedule, endMs, everyMs / 100).values()) {
          assert(Math.abs(times.length - 20) <= 3, `${times.length} times`);
          for (const [at, time] of times.entries()) {
            const next = times[at + 1];
            if (next === undefined) continue;
            assert(next - time >= everyMs * 0.38, `${next - time} of ${everyMs}`);
            assert(next - time <= everyMs * 1.62, `${next - time} of ${everyMs}`);
          }
        }
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("items that were removed or taken are not due, and all can be made due", () => {
  const schedule = new Schedule<Item>(uniform(3));
  const [a, b, c] = items(3, 1_000);
  assert(a && b && c);
  schedule.add([a, b, c], 0);
  schedule.remove(b);
  assertEquals([schedule.next(10), schedule.next(10), schedule.next(10)], [a, c, null]);
  assertEquals(schedule.deadlineMs, null);
  schedule.again(a, 10);
  schedule.again(b, 10);
  assertEquals(schedule.next(20), null);
  schedule.all(20);
  assertEquals([schedule.next(20), schedule.next(20)], [a, null]);
});

Deno.test("another interval holds from the next probe on", () => {
  const schedule = new Schedule<{ everyMs: number }>(uniform(4));
  const item = { everyMs: 100_000 };
  schedule.add([item], 0);
  assertEquals(schedule.next(0), item);
  schedule.again(item, 0);
  item.everyMs = 100;
  schedule.respace(item, 1_000);
  assert((schedule.deadlineMs ?? Infinity) <= 1_220);
});

Deno.test("order holds whatever is added, taken and removed", () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant("add" as const), everyMs: fc.integer({ min: 1, max: 500 }) }),
    fc.record({ what: fc.constant("take" as const), passMs: fc.integer({ min: 0, max: 300 }) }),
    fc.record({ what: fc.constant("remove" as const), at: fc.nat(20) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 100 }), fc.integer(), (steps, seed) => {
    const schedule = new Schedule<Item>(uniform(seed));
    const live = new Set<Item>();
    let nowMs = 0;
    for (const one of steps) {
      if (one.what === "add") {
        const item = { everyMs: one.everyMs };
        live.add(item);
        schedule.add([item], nowMs);
      } else if (one.what === "remove") {
        const item = [...live][one.at];
        if (item !== undefined) schedule.remove(item);
        if (item !== undefined) live.delete(item);
      } else {
        nowMs += one.passMs;
        for (let item = schedule.next(nowMs); item !== null; item = schedule.next(nowMs)) {
          assert(live.has(item));
          schedule.again(item, nowMs);
          assert((schedule.deadlineMs ?? 0) >= nowMs || live.size > 1);
        }
        assert((schedule.deadlineMs ?? Infinity) > nowMs);
      }
    }
    assertEquals(schedule.deadlineMs === null, live.size === 0);
  }));
});

Deno.test("a history keeps the last ones, and what was not answered", () => {
  const history = new History();
  assertEquals(history.last(), []);
  history.add(1);
  history.add(null);
  assertEquals(history.last(), [1, null]);
  for (let value = 0; value < 100; value++) history.add(value);
  assertEquals(history.last().length, historyLength);
  assertEquals(history.last(3), [97, 98, 99]);
});
