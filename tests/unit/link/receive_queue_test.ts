/**
 * What waits to be read: in order, whether it is copied out or lent.
 * @module
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { giveBack, ReceiveQueue } from "../../../lib/link/receive_queue.ts";

Deno.test("receive queue: bytes come out in order, copied and lent, and lent ones stay as they are", () => {
  const step = fc.oneof(
    fc.record({ put: fc.nat(100_000), window: fc.constantFrom(128 * 1024, 1024 * 1024) }),
    fc.record({ read: fc.integer({ min: 1, max: 100_000 }) }),
    fc.constantFrom("lend" as const, "give back" as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ReceiveQueue();
      let written = 0; // a running number is in each byte
      let given = 0;
      const lent: { readonly from: number; readonly bytes: Uint8Array }[] = [];
      const check = (from: number, bytes: Uint8Array) => {
        assertEquals(bytes.every((byte, at) => byte === (from + at) % 251), true);
      };
      for (const one of steps) {
        if (one === "lend") {
          if (queue.size === 0) continue;
          const bytes = queue.lend();
          lent.push({ from: given, bytes });
          given += bytes.length;
        } else if (one === "give back") {
          const first = lent.shift();
          if (first === undefined) continue;
          check(first.from, first.bytes);
          giveBack(first.bytes);
        } else if ("put" in one) {
          const bytes = Uint8Array.from({ length: one.put }, (_, at) => (written + at) % 251);
          queue.append(bytes, 0, bytes.length, one.window);
          written += bytes.length;
        } else {
          const into = new Uint8Array(one.read);
          const count = queue.read(into);
          check(given, into.subarray(0, count));
          given += count;
        }
        assertEquals(queue.size, written - given);
      }
      for (const { from, bytes } of lent) check(from, bytes);
      queue.clear();
      assertEquals(queue.memory, 0);
    }),
    { numRuns: 60 },
  );
});
