/**
 * What a ping holds: counted, so it runs alone.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ping } from "../../lib/api/ping.ts";
import { serve } from "../../lib/api/serve.ts";
import { openDescriptors } from "../../lib/sys/limits.ts";
import "../support/libc.ts";

Deno.test("stopping a ping closes what it opened, in every mode", async () => {
  await using server = await serve("pingpong", "tcp://127.0.0.1:0");
  await using echo = await serve("echo", "tcp://127.0.0.1:0");
  const before = openDescriptors() ?? 0;
  for (const mode of ["connect", "echo", "pingpong"] as const) {
    const address = (mode === "pingpong" ? server : echo).addresses[0]?.text ?? "";
    const pinging = await ping(address, { mode, intervalMs: 1 });
    for await (const result of pinging) if (result.sequence === 5) break;
    pinging.stop();
    pinging.stop();
    const { error, received } = await pinging.done;
    assertEquals(error, undefined);
    assert(received >= 5);
  }
  while (server.open + echo.open > 0) await new Promise((wake) => setTimeout(wake, 5));
  assert((openDescriptors() ?? 0) <= before, `${openDescriptors()} > ${before}`);
});
