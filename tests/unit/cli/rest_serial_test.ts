import { assertEquals } from "@std/assert";
import { RestDetector } from "../../../lib/cli/rest.ts";
import { collectGarbage, trimFreed } from "../../../lib/sys/collect.ts";
import { hasLibc } from "../../../lib/sys/libc.ts";

hasLibc(); // opened once for the process: not a leak of the test that asks first

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
    [200, 4_000, 90_000_000],
    [200, 4_000, 90_000_000], // most have gone, and not enough of them
    [0, 4_100, 90_000_000],
    [0, 4_100, 90_000_000], // what so many have left is worth it, though none is open
    [0, 4_100, 90_000_000],
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

Deno.test("what the C heap has free goes back to the system", () => {
  const libc = Deno.dlopen("libc.so.6", {
    calloc: { parameters: ["u32", "u32"], result: "pointer" },
    free: { parameters: ["pointer"], result: "void" },
    memset: { parameters: ["pointer", "i32", "u32"], result: "pointer" },
  });
  // Below the size at which glibc maps each block apart; the last one keeps the end of the heap.
  const blocks = Array.from({ length: 800 }, () => libc.symbols.calloc(1, 64 * 1024));
  for (const block of blocks) libc.symbols.memset(block, 1, 64 * 1024);
  const last = blocks.pop() ?? null;
  for (const block of blocks) libc.symbols.free(block);
  const held = Deno.memoryUsage().rss;
  trimFreed();
  assertEquals(Deno.memoryUsage().rss < held - 20_000_000, true);
  libc.symbols.free(last);
  libc.close();
});
