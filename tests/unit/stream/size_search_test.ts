/**
 * The search for the largest message, against peers in memory.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import type { Duplex, Peer } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { findLargest } from "../../../lib/stream/size_search.ts";

const peer: Peer = { scheme: "udp", text: "udp://192.0.2.1:7" };

/** What becomes of a message of a size: echoed, or refused by whom, or lost. */
type Fate = (size: number, nth: number) => "echo" | "local" | "path" | "lost";

function echoPeer(fate: Fate, maximumMessage = 2_000): Duplex {
  const queue: (Uint8Array | NetError)[] = [];
  let wake = () => {};
  let sent = 0;
  const tooLarge = () => new NetError({ kind: "too-large", op: "send", message: "too long" });
  return {
    local: peer,
    remote: peer,
    traits: { messages: true, maximumMessage, halfClose: false, endless: true },
    async read(into) {
      while (queue.length === 0) await new Promise<void>((resolve) => wake = resolve);
      const next = queue.shift();
      if (next instanceof NetError) throw next;
      into.set(next ?? []);
      return next?.length ?? 0;
    },
    write(chunk) {
      const how = fate(chunk.length, sent++);
      if (how === "local") return Promise.reject(tooLarge());
      if (how === "echo") queue.push(Uint8Array.of(9, 9), chunk.slice());
      if (how === "path") queue.push(tooLarge());
      wake();
      return Promise.resolve();
    },
    closeWrite: () => Promise.resolve(),
    abort: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function search(fate: Fate, most?: number) {
  const clock = new VirtualClock();
  const found = findLargest(echoPeer(fate), makeContext({ clock }), {
    ...(most === undefined ? {} : { most }),
  });
  let isOver = false;
  const over = () => isOver = true;
  found.then(over, over);
  for (let turn = 0; turn < 200 && !isOver; turn++) await clock.advance(500);
  assert(isOver);
  assertEquals(clock.pending, 0);
  return await found;
}

Deno.test("the largest message is found, whoever stands in the way of larger ones", async () => {
  const limits = [["local", "local"], ["path", "path"], ["lost", "silence"]] as const;
  for (const [fate, limit] of limits) {
    for (const largest of [12, 13, 1_472, 1_999]) {
      const found = await search((size) => size <= largest ? "echo" : fate);
      assertEquals([found.size, found.limit], [largest, limit]);
    }
  }
  assertEquals((await search(() => "echo")).limit, "none");
  assertEquals((await search(() => "echo", 700)).size, 700);
});

Deno.test("packets that get lost now and then do not make the path look smaller", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 12, max: 2_000 }), fc.nat(2), async (largest, phase) => {
      // One in three is echoed at most twice late: never three in a row are lost.
      const fate: Fate = (size, nth) => size > largest || nth % 3 === phase ? "lost" : "echo";
      assertEquals((await search(fate)).size, largest);
    }),
    { numRuns: 20 },
  );
});

Deno.test("a peer that does not echo is an error that says what is needed there", async () => {
  const error = await assertRejects(() => search(() => "lost"), NetError);
  assertEquals(error.kind, "timeout");
  assert(error.hint?.includes("serve echo"));
});
