/**
 * `deno task compile` where the runtime part cannot be fetched, and where it is at hand.
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { root, run } from "../support/process.ts";

Deno.test("compile makes both executables, or says in one line what cannot be fetched", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const script = ["run", "--allow-all", "--frozen", `${root}tools/compile.ts`, folder];
    // A proxy that nobody serves: no download is ever started, one that was made before is used.
    const env = { HTTPS_PROXY: "http://127.0.0.1:9", HTTP_PROXY: "http://127.0.0.1:9" };
    const result = await run([Deno.execPath(), ...script], { env, timeoutMs: 60_000 });
    if (result.code === 0) {
      const made: string[] = [];
      for await (const entry of Deno.readDir(folder)) made.push(entry.name);
      assertEquals(made.sort(), ["plumb-aarch64", "plumb-x86_64"]);
    } else {
      assertMatch(
        result.stderr,
        /^compile (x86_64|aarch64)-unknown-linux-gnu: the runtime part cannot be fetched: .+\n$/,
      );
      assertEquals(result.code, 3);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
