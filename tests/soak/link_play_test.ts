/**
 * Ten thousand schedules of a link, beyond the thousand of `tests/unit/link/session_play_test.ts`.
 * A schedule that fails says its seed; `PLUMB_SEED=n` plays it alone, there.
 * @module
 */

import { playLink } from "../support/link_play.ts";

Deno.test("10,000 schedules: every byte arrives once and in order", () => {
  for (let seed = 1000; seed < 11_000; seed++) playLink(seed);
});
