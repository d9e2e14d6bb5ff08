/** Acknowledged data, told from acknowledged heartbeats. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { AckWatch } from "../../../lib/link/ack_watch.ts";

Deno.test("acknowledged data is progress, an acknowledged heartbeat is none", () => {
  const acks = new AckWatch();
  assertEquals(acks.isWaiting, false);
  acks.wrote(8, false);
  assertEquals([acks.isWaiting, acks.progress(0, 0)], [false, false]);
  acks.wrote(100, true);
  assertEquals(acks.isWaiting, true);
  assertEquals(acks.progress(100, 0), false);
  assertEquals(acks.progress(40, 0), true);
  assertEquals(acks.progress(40, 0), false);
  acks.wrote(8, false);
  assertEquals(acks.progress(8, 0), true);
  assertEquals(acks.progress(0, 0), false);
  assertEquals(acks.isWaiting, false);
});

Deno.test("of a write that is not over, what the system has taken counts", () => {
  const acks = new AckWatch();
  assertEquals(acks.progress(1_000, 1_000), false);
  assertEquals(acks.progress(900, 1_000), true);
});

Deno.test("in whatever order they are written and asked, each byte of data is progress once", () => {
  const step = fc.record({
    bytes: fc.integer({ min: 1, max: 50 }),
    isData: fc.boolean(),
    arrives: fc.integer({ min: 0, max: 80 }),
  });
  fc.assert(fc.property(fc.array(step), (steps) => {
    const acks = new AckWatch();
    const stream: boolean[] = [];
    let arrived = 0;
    for (const { bytes, isData, arrives } of steps) {
      acks.wrote(bytes, isData);
      for (let i = 0; i < bytes; i++) stream.push(isData);
      const before = arrived;
      arrived = Math.min(stream.length, arrived + arrives);
      const progress = acks.progress(stream.length - arrived, 0);
      assertEquals(progress, stream.slice(before, arrived).some((one) => one));
    }
    acks.progress(0, 0);
    assertEquals(acks.isWaiting, false);
  }));
});
