/** What a program says of itself where it has no descriptors left. @module */

import { assertEquals } from "@std/assert";
import { withFewDescriptors } from "../support/no_descriptors.ts";

Deno.test("a peer is told that there are no descriptors left, and not left without an answer", async () => {
  const said = await withFewDescriptors(`
import { ownFacts } from "${import.meta.resolve("../../lib/api/own_facts.ts")}";
import { VirtualClock } from "${import.meta.resolve("../../lib/core/clock.ts")}";

const clock = new VirtualClock();
const facts = ownFacts(clock);
const before = facts(2);
{
  using held = useUp();
  await clock.advance(60_000);
  const { sessions, freeDescriptors } = facts(2);
  console.log(before.freeDescriptors > 0, sessions, freeDescriptors);
}
`);
  assertEquals(said, "true 2 0\n");
});
