/**
 * The proof by play: a thousand schedules of faults and users, each from a seed. A schedule that
 * fails says its seed; `PLUMB_SEED=n` plays it alone.
 * @module
 */

import { assert } from "@std/assert";
import { playLink } from "../../support/link_play.ts";

const alone = Deno.env.get("PLUMB_SEED");

Deno.test("every byte arrives once and in order, whatever happens to the carriers", () => {
  if (alone !== undefined) {
    playLink(Number(alone));
    return;
  }
  const sums = { carriers: 0, bytes: 0, resent: 0, expired: 0, channels: 0, dead: 0, runs: 0 };
  for (let seed = 0; seed < 1000; seed++) {
    const report = playLink(seed);
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += report[name];
  }
  // A play in which nothing happens proves nothing.
  for (const [name, sum] of Object.entries(sums)) assert(sum > 300, `${name}: ${sum}`);
});
