/** A healthy peer under full load for a minute. @module */

import { assert } from "@std/assert";
import { fullLoad, heartbeatPair } from "../support/heartbeats.ts";
import "../support/libc.ts";

Deno.test("60 s of full load both ways, and nobody is called dead", async () => {
  const heartbeat = "every=250ms,misses=2";
  await using pair = await heartbeatPair("tcp://127.0.0.1:0", heartbeat, heartbeat);
  assert(await fullLoad(pair, 60_000) > 1e9);
});
