/**
 * Requests that wait for their answers.
 * @module
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PendingProbes } from "../../../lib/link/pending_probes.ts";

Deno.test("an answer is one, late, doubled or to nothing that was asked", () => {
  const pending = new PendingProbes(100);
  assertEquals([pending.sent(0), pending.sent(10), pending.sent(20)], [1, 2, 3]);
  assertEquals([pending.deadlineMs, pending.oldest, pending.size], [100, 1, 3]);
  assertEquals(pending.answered(2, 40), { kind: "answer", roundTripMs: 30 });
  assertEquals(pending.answered(2, 41), { kind: "duplicate" });
  assertEquals(pending.expire(99), []);
  assertEquals(pending.expire(100), [1]);
  assertEquals(pending.answered(1, 150), { kind: "late", roundTripMs: 150 });
  assertEquals(pending.answered(1, 151), { kind: "duplicate" });
  assertEquals(pending.answered(4, 151), { kind: "unknown" });
  assertEquals(pending.answered(0, 151), { kind: "unknown" });
  assertEquals([pending.failed(3), pending.failed(3)], [true, false]);
  assertEquals([pending.deadlineMs, pending.oldest, pending.size], [null, null, 0]);
});

Deno.test("what is remembered of lost requests is bounded", () => {
  const pending = new PendingProbes(1);
  for (let at = 0; at < 5_000; at++) {
    pending.sent(at);
    pending.expire(at + 1);
  }
  assertEquals(pending.answered(5_000, 6_000).kind, "late");
  assertEquals(pending.answered(3_977, 6_000).kind, "late");
  assertEquals(pending.answered(3_976, 6_000).kind, "duplicate");
});

Deno.test("each request is answered once, lost once, or waits", () => {
  const step = fc.oneof(
    fc.record({ send: fc.constant(true) }),
    fc.record({ answer: fc.nat(60) }),
    fc.record({ waitMs: fc.nat(80) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const pending = new PendingProbes(100);
    const fate = new Map<number, string>();
    let nowMs = 0;
    for (const one of steps) {
      if ("send" in one) fate.set(pending.sent(nowMs), "waits");
      else if ("waitMs" in one) {
        nowMs += one.waitMs;
        for (const sequence of pending.expire(nowMs)) {
          assertEquals(fate.get(sequence), "waits");
          fate.set(sequence, "lost");
        }
      } else {
        const { kind } = pending.answered(one.answer, nowMs);
        const before = fate.get(one.answer);
        const meant = { waits: "answer", lost: "late", answered: "duplicate" }[before ?? ""];
        assertEquals(kind, meant ?? "unknown");
        if (before !== undefined) fate.set(one.answer, "answered");
      }
      assertEquals(pending.size, [...fate.values()].filter((one) => one === "waits").length);
    }
  }));
});
