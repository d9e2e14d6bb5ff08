/**
 * The other end of a session, when what its caller puts around it fails.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { pairing, type PairOptions } from "../../../lib/api/pairing.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { memoryPair } from "../../../lib/transport/memory_session.ts";
import { NamedListener } from "../../../lib/service/far.ts";

const peer = { scheme: "memory", text: "memory:x" };

const fail = () => {
  throw new Error("a bug of the caller");
};

const failing: Record<string, PairOptions> = {
  "what is told of a session": { onOpen: fail },
  // deno-lint-ignore require-await -- as callers write it
  "what is put around it": { equip: async () => fail() },
};

for (const [what, options] of Object.entries(failing)) {
  for (const front of ["a", "b"] as const) {
    Deno.test(`${what} fails: nothing of end ${front}'s other end stays open`, async () => {
      const [session] = memoryPair(peer, peer, 10);
      const [other, far] = memoryPair(peer, peer, 10);
      const handle = pairing(front, () => Promise.resolve(other), options);
      const listener = new NamedListener(peer);
      const draining = new AbortController().signal;
      const info = { id: 1, listener, draining, sessions: () => 1 };
      await assertRejects(() => handle(session, makeContext(), info), Error, "a bug of the caller");
      assertEquals(await far.read(new Uint8Array(1)).catch(({ kind }) => kind), "reset");
    });
  }
}
