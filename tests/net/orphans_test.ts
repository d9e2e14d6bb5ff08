/** Reaping orphans where the system has no descriptors left. @module */

import { assertEquals } from "@std/assert";
import { withFewDescriptors } from "../support/no_descriptors.ts";

Deno.test("process 1 goes on where it has no descriptor left to look for orphans with", async () => {
  const said = await withFewDescriptors(`
import { reapOrphans } from "${import.meta.resolve("../../lib/cli/orphans.ts")}";
import { VirtualClock } from "${import.meta.resolve("../../lib/core/clock.ts")}";
import { makeContext } from "${import.meta.resolve("../../lib/core/context.ts")}";

const clock = new VirtualClock();
using orphans = reapOrphans({ pid: 1 }, makeContext({ clock }));
while (clock.pending === 0) await new Promise((later) => setTimeout(later, 1));
{
  using held = useUp();
  await clock.advance(2_000);
}
await clock.advance(2_000);
console.log(clock.pending);
`);
  assertEquals(said, "1\n");
});
