/**
 * Numbers of messages: lost, doubled, late.
 * @module
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { makeContext } from "../../../lib/core/context.ts";
import { GapSession } from "../../../lib/stream/gap_session.ts";
import { GapWatch, gapWindow, sequenceOf } from "../../../lib/stream/gaps.ts";
import { FedDatagrams, udpPeer } from "../../support/datagrams.ts";

function reportOf(numbers: readonly (number | null)[]) {
  const watch = new GapWatch();
  for (const number of numbers) watch.take(number);
  return watch.report();
}

Deno.test("the number is what follows n=, or else the first one", () => {
  assertEquals(sequenceOf("host=web1 n=12"), 12);
  assertEquals(sequenceOf("7: hello 8"), 7);
  assertEquals(sequenceOf("len=3 n=9"), 9);
  assertEquals(sequenceOf("a seq 15."), 15);
  assertEquals(sequenceOf("nothing"), null);
  assertEquals(sequenceOf("1234567890123456"), null, "not exact any more");
});

Deno.test("what is missing, what came twice and what came late are told apart", () => {
  const { received, lost, duplicates, reordered, first, last } = reportOf([3, 4, 7, 6, 6, 10]);
  assertEquals({ received, lost, duplicates, reordered }, {
    received: 6,
    lost: 3, // 5, 8 and 9
    duplicates: 1,
    reordered: 1,
  });
  assertEquals([first, last], [3, 10]);
});

Deno.test("a sender that begins anew loses nothing by it", () => {
  const { lost, restarts, duplicates } = reportOf([1, 2, 3, 5, 1, 2, 3]);
  assertEquals({ lost, restarts, duplicates }, { lost: 1, restarts: 1, duplicates: 0 });
  assertEquals(reportOf([gapWindow * 3, 5, 6]).restarts, 1);
});

Deno.test("messages without a number are counted apart", () => {
  const { received, unnumbered, lost } = reportOf([null, 1, null, 2]);
  assertEquals({ received, unnumbered, lost }, { received: 2, unnumbered: 2, lost: 0 });
});

Deno.test("whatever the network does to a run is found again", () => {
  const fate = fc.record({ copies: fc.integer({ min: 0, max: 3 }), late: fc.nat(50) });
  fc.assert(fc.property(fc.array(fate, { minLength: 1, maxLength: 200 }), (fates) => {
    // The first arrives first and once: before it nothing is known.
    const sent = fates.flatMap(({ copies, late }, at) => {
      return Array.from({ length: copies }, () => ({ number: at + 11, order: at + 1 + late }));
    });
    const arrived = [{ number: 10, order: 0 }, ...sent.sort((a, b) => a.order - b.order)];
    const distinct = new Set(arrived.map(({ number }) => number));
    const highest = Math.max(...distinct);
    const { lost, duplicates, received } = reportOf(arrived.map(({ number }) => number));
    assertEquals(received, arrived.length);
    assertEquals(duplicates, arrived.length - distinct.size);
    assertEquals(lost, highest - 10 + 1 - distinct.size);
  }));
});

Deno.test("a session of every sender keeps their numbers apart and forgets the silent ones", async () => {
  const socket = new FedDatagrams();
  const { limits } = makeContext();
  const context = makeContext({ limits: { ...limits, "gap-senders": 2 } });
  await using session = new GapSession([socket], context);
  const into = new Uint8Array(100);
  for (const [port, text] of [[1, "n=1"], [2, "n=5"], [1, "n=3"], [3, "n=1"]] as const) {
    socket.push(udpPeer(port), text);
    await session.read(into);
  }
  const known = [...session.report()].map((
    [sender, { received, lost }],
  ) => [sender, received, lost]);
  assertEquals(known, [["udp://192.0.2.1:1", 2, 1], ["udp://192.0.2.1:3", 1, 0]]);
});
