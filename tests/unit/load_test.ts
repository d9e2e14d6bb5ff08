/**
 * Every module of lib loads by itself. It also makes coverage honest: the lines of a file that no
 * other test loads count as not covered, instead of not at all.
 * @module
 */

import { sourceFiles } from "../support/project_source.ts";

Deno.test("every module of lib loads by itself", async () => {
  for (const file of await sourceFiles("lib")) await import(`../../${file}`);
});
