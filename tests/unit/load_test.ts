/**
 * Every module of lib loads by itself. It also makes coverage honest: the lines of a file that no
 * other test loads count as not covered, instead of not at all.
 * @module
 */

import { sourceFiles } from "../support/project_source.ts";

/** It is the main module of a worker, and takes the thread over that loads it. */
const entry = "lib/service/pool_entry.ts";

Deno.test("every module of lib loads by itself", async () => {
  for (const file of await sourceFiles("lib")) {
    if (file !== entry) await import(`../../${file}`);
  }
});
