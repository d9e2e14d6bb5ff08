/**
 * Ending a child: in time, whatever it does.
 * @module
 */

import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { ProcessGroup } from "../../../lib/transport/process_group.ts";
import { start } from "../../support/process.ts";

Deno.test("a child that no signal ends is given up, and does not hold who ends it", async () => {
  // A group of its own: the number of one that nobody else can be in.
  await using sleeper = start(["setsid", "sleep", "30"], { stdin: "null" });
  const clock = new VirtualClock();
  // Its end is never seen: as that of one that hangs in the kernel.
  const group = new ProcessGroup(sleeper.pid, new Promise(() => {}), clock);
  let hasEnded = false;
  const ended = group.end().then(() => hasEnded = true);
  for (let second = 0; second < 10 && !hasEnded; second++) await clock.advance(1_000);
  await ended;
  assertEquals(await group.finished, null);
  assertEquals(clock.pending, 0);
});
