/**
 * `deno task check`: formatting, lint and types, in seconds.
 * @module
 */

import { runStage } from "./stage.ts";
import { quickStages } from "./stages.ts";

let failed = 0;
for (const stage of await quickStages()) {
  if ((await runStage(stage)).state === "failed") failed++;
}
Deno.exit(failed === 0 ? 0 : 1);
