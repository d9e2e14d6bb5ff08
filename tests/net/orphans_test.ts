/** Reaping orphans where the system has no descriptors left. @module */

import { assertEquals } from "@std/assert";

/** A process 1 whose descriptors run out, and are there again. */
const script = `
import { reapOrphans } from "${import.meta.resolve("../../lib/cli/orphans.ts")}";
import { VirtualClock } from "${import.meta.resolve("../../lib/core/clock.ts")}";
import { makeContext } from "${import.meta.resolve("../../lib/core/context.ts")}";
import "${import.meta.resolve("../../lib/sys/reap.ts")}";

const clock = new VirtualClock();
using orphans = reapOrphans({ pid: 1 }, makeContext({ clock }));
while (clock.pending === 0) await new Promise((later) => setTimeout(later, 1));
const held = [];
try {
  for (;;) held.push(Deno.openSync("/dev/null"));
} catch {}
await clock.advance(2_000);
for (const file of held) file.close();
await clock.advance(2_000);
console.log(held.length > 0, clock.pending);
`;

Deno.test("process 1 goes on where it has no descriptor left to look for orphans with", async () => {
  const module = `data:application/javascript,${encodeURIComponent(script)}`;
  const deno = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", "--no-lock", module];
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 64; exec "$@"', "sh", ...deno],
    signal: AbortSignal.timeout(10_000),
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(new TextDecoder().decode(stdout), "true 1\n");
});
