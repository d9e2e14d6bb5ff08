/**
 * The server of a pool, when its listener breaks.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import { type Handable, PoolServer } from "../../../lib/service/pool_server.ts";
import { within } from "../../support/within.ts";

const local = { scheme: "memory", text: "memory:pool" };

const incoming: Handable = {
  at: 0,
  remote: local,
  settle: () => Promise.reject(new Error("a thread does")),
  reject: () => {},
};

Deno.test("a listener that breaks cuts the sessions of a pool, and is told", async () => {
  const broken = new NetError({ kind: "unexpected", op: "accept", message: "it broke" });
  const results: Promise<Handable>[] = [Promise.resolve(incoming)];
  const server = new PoolServer(
    {
      listener: {
        local,
        accept: () => results.shift() ?? Promise.reject(broken),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      },
      locals: [local],
      module: "data:text/javascript,export default () => {}",
      pool: { minimum: 1, maximum: 1 },
      whenFull: "wait",
      atStop: "finish",
      // A session that ends when it is cut, and by itself never.
      serve: (_pool, _incoming, _id, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      closeListeners: () => Promise.resolve(),
    },
    {},
    makeContext(),
  );
  await within(
    assertRejects(() => server.run(), NetError, "it broke"),
    () => "it serves on without a listener",
    3_000,
  );
  const { accepted, cut } = server.tally();
  assertEquals([accepted, cut, server.open], [1, 1, 0]);
});
