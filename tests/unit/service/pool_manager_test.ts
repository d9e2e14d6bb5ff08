import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type ManagerInput,
  type ManagerOptions,
  PoolManager,
} from "../../../lib/service/pool_manager.ts";

function orders(manager: PoolManager, input: ManagerInput, nowMs: number): string[] {
  const given: string[] = [];
  manager.step(input, nowMs, { put: (order) => given.push(order) });
  // What is ended is told, as the pool does.
  for (const order of [...given]) {
    if (order === "end-idle") given.push(...orders(manager, retired, nowMs));
  }
  return given;
}

const retired = { kind: "ended", expected: true, wasReady: true } as const;

/** The course's example: 3 to 100 threads, looked at every 10 s, steps of 10. */
function course(options: Partial<ManagerOptions> = {}): PoolManager {
  return new PoolManager({ minimum: 3, maximum: 100, ...options });
}

Deno.test("a pool begins with its minimum", () => {
  const manager = course();
  assertEquals(orders(manager, { kind: "open" }, 0), ["start", "start", "start"]);
  assertEquals(manager.deadlineMs, 10_000);
});

Deno.test("it grows by ten when ten wait, and only when it looks", () => {
  const manager = course();
  orders(manager, { kind: "open" }, 0);
  assertEquals(orders(manager, { kind: "load", queued: 10, busy: 3 }, 500), []);
  assertEquals(orders(manager, { kind: "tick" }, 10_000), Array(10).fill("start"));
  assertEquals(manager.alive, 13);
  assertEquals(orders(manager, { kind: "load", queued: 9, busy: 13 }, 10_500), []);
  assertEquals(orders(manager, { kind: "tick" }, 20_000), []);
});

Deno.test("it never grows beyond its maximum", () => {
  const manager = course({ maximum: 15 });
  orders(manager, { kind: "open" }, 0);
  orders(manager, { kind: "load", queued: 100, busy: 3 }, 0);
  orders(manager, { kind: "tick" }, 10_000);
  orders(manager, { kind: "load", queued: 90, busy: 13 }, 10_001);
  assertEquals(orders(manager, { kind: "tick" }, 20_000), ["start", "start"]);
  orders(manager, { kind: "load", queued: 80, busy: 15 }, 20_001);
  assertEquals(orders(manager, { kind: "tick" }, 30_000), []);
  assertEquals(manager.alive, 15);
});

Deno.test("it shrinks by ten when fewer than half work, down to its minimum", () => {
  const manager = course();
  orders(manager, { kind: "open" }, 0);
  orders(manager, { kind: "load", queued: 20, busy: 3 }, 0);
  orders(manager, { kind: "tick" }, 10_000);
  orders(manager, { kind: "tick" }, 20_000);
  assertEquals(manager.alive, 23);
  orders(manager, { kind: "load", queued: 0, busy: 11 }, 20_001);
  assertEquals(orders(manager, { kind: "tick" }, 30_000), Array(10).fill("end-idle"));
  assertEquals(manager.alive, 13);
  orders(manager, { kind: "load", queued: 0, busy: 7 }, 30_001);
  assertEquals(
    orders(manager, { kind: "tick" }, 40_000),
    [],
    "seven of thirteen are more than half",
  );
  orders(manager, { kind: "load", queued: 0, busy: 0 }, 40_001);
  orders(manager, { kind: "tick" }, 50_000);
  assertEquals(manager.alive, 3);
});

Deno.test("a dead worker is replaced at once, one that never was ready after a pause", () => {
  const manager = course();
  orders(manager, { kind: "open" }, 0);
  const dead = { kind: "ended", expected: false } as const;
  assertEquals(orders(manager, { ...dead, wasReady: true }, 5), ["start"]);
  assertEquals(orders(manager, { ...dead, wasReady: false }, 10), []);
  assertEquals(manager.deadlineMs, 110);
  assertEquals(orders(manager, { kind: "tick" }, 110), ["start"]);
});

Deno.test("property: the workers stay within minimum and maximum, whatever the load", () => {
  const load = fc.record({ queued: fc.nat(200), busy: fc.nat(120), byMs: fc.nat(15_000) });
  fc.assert(fc.property(fc.array(load), fc.integer({ min: 1, max: 9 }), (loads, minimum) => {
    const manager = new PoolManager({ minimum, maximum: minimum + 40 });
    let nowMs = 0;
    orders(manager, { kind: "open" }, nowMs);
    for (const { queued, busy, byMs } of loads) {
      nowMs += byMs;
      orders(manager, { kind: "load", queued, busy: Math.min(busy, manager.alive) }, nowMs);
      orders(manager, { kind: "tick" }, nowMs);
      assert(manager.alive >= minimum && manager.alive <= minimum + 40, `${manager.alive}`);
    }
  }));
});
