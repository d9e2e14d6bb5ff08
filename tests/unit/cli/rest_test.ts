import { assertEquals } from "@std/assert";
import { RestDetector } from "../../../lib/cli/rest.ts";
import { collectGarbage } from "../../../lib/sys/collect.ts";

Deno.test("a server with many sessions collects once for each rest after work", () => {
  const detector = new RestDetector();
  const looks = [
    [100, 100, 0], // too few sessions to be worth a pause
    [100, 100, 0],
    [2000, 2000, 0], // still opening
    [2000, 2000, 10], // still moving
    [2000, 2000, 10],
    [2000, 2000, 10],
    [2000, 2000, 70_000],
    [2000, 2000, 70_000], // moved enough since
    [2000, 2100, 70_000],
    [2000, 2100, 70_000], // opened too few since
    [200, 10_000, 90_000_000],
    [200, 10_000, 90_000_000], // most have gone, and not enough of them
    [0, 10_200, 90_000_000],
    [0, 10_200, 90_000_000], // what so many have left is worth it, though none is open
    [0, 10_200, 90_000_000],
  ].map(([open = 0, opened = 0, bytes = 0]) => detector.look({ open, opened, bytes }));
  assertEquals(looks.flatMap((collects, at) => collects ? [at] : []), [4, 7, 13]);
});

Deno.test("garbage is collected on request, and the flag is taken back", async () => {
  let garbage: unknown[] | null = Array.from({ length: 500_000 }, (_, i) => ({ i }));
  const held = Deno.memoryUsage().heapUsed;
  assertEquals(garbage.length, 500_000);
  garbage = null;
  assertEquals(await collectGarbage(), true);
  assertEquals(Deno.memoryUsage().heapUsed < held - 8_000_000, true);
  assertEquals("gc" in globalThis, false);
});
