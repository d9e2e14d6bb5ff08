/**
 * What a model cannot do: refused with nothing left open.
 * @module
 */

import { assertRejects } from "@std/assert";
import { relay } from "../../lib/api/relay.ts";
import { NetError } from "../../lib/core/error.ts";

Deno.test("a function that cannot travel is refused, and no listener stays open", async () => {
  // That nothing is left is the sanitizer's to say.
  const started = () =>
    relay("listen:tcp://127.0.0.1:0", "tcp://127.0.0.1:1", { model: "threads=1", onEnd: () => {} });
  await assertRejects(started, NetError, "a function cannot travel");
});
