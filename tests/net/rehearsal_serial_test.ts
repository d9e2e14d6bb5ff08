/** What a fresh process plays to itself before it is needed. */

import { assertEquals } from "@std/assert";
import { rehearse } from "../../lib/api/rehearsal.ts";
import { makeContext } from "../../lib/core/context.ts";
import { readinessSettled } from "../../lib/sys/readiness.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { MemoryLog } from "../support/memory_log.ts";
import "../support/libc.ts";

Deno.test("a rehearsal says nothing and leaves nothing, however often", async () => {
  const log = new MemoryLog();
  await rehearse(makeContext({ log }));
  const before = holdings();
  for (let round = 0; round < 20; round++) await rehearse(makeContext({ log }));
  await readinessSettled();
  await settle(Deno.pid, ({ descriptors, sockets }) => {
    return descriptors <= before.descriptors && sockets <= before.sockets;
  });
  assertEquals(log.entries, []);
});
