/**
 * A server that cannot be made of its listeners.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { RunningServer } from "../../../lib/api/running.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";

Deno.test("listeners that no server can be made of are closed", async () => {
  let closed = 0;
  const listener = {
    local: { scheme: "memory", text: "memory:x" },
    accept: () => Promise.resolve(null),
    [Symbol.asyncDispose]() {
      closed++;
      return Promise.resolve();
    },
  };
  const make = () => {
    throw new NetError({ kind: "unavailable", op: "serve", message: "cannot be shared" });
  };
  const made = () => RunningServer.over([listener, listener], make, {}, makeContext());
  await assertRejects(made, NetError, "cannot be shared");
  assertEquals(closed, 2);
});
