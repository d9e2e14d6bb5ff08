/**
 * Ping-pong as a machine: requests and answers with both clocks' times.
 * @module
 */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { answerTo, PingPong } from "../../../lib/link/pingpong.ts";
import { decodePong, type Ping, type Pong } from "../../../lib/wire/pingpong.ts";

const wallUs = 1_700_000_000_000_000;

/** What a peer answers whose clock is ahead by so much, after so long on the way there. */
function pongOf(ping: Ping, aheadUs: number, thereUs: number, peerUs: number): Pong {
  const receivedUs = ping.sentUs + thereUs + aheadUs;
  return { ...ping, receivedUs, answeredUs: receivedUs + peerUs, facts: {} };
}

Deno.test("the times of an exchange are told apart: whole, at the peer, there and back", () => {
  const exchange = new PingPong();
  // The first way is even, and so tells the offset; the second took 7 ms more on its way back.
  const even = exchange.heard(pongOf(exchange.ask(1, 50, wallUs), 5e6, 1_000, 2_000), 54);
  assertEquals([even?.roundTripMs, even?.peerMs], [4, 2]);
  assertAlmostEquals(even?.clock.offsetMs ?? 0, 5_000, 1e-6);
  const uneven = exchange.heard(pongOf(exchange.ask(2, 60, wallUs + 1e4), 5e6, 1_000, 2_000), 71);
  assertEquals(uneven?.roundTripMs, 11);
  assertAlmostEquals(uneven?.thereMs ?? 0, 1, 1e-6);
  assertAlmostEquals(uneven?.backMs ?? 0, 8, 1e-6);
  assertAlmostEquals(uneven?.clock.offsetMs ?? 0, 5_000, 1e-6);
});

Deno.test("the offset is within its bound, whatever each way took", () => {
  const ms = fc.integer({ min: 0, max: 500_000 });
  fc.assert(fc.property(
    fc.integer({ min: -1e12, max: 1e12 }),
    fc.array(fc.tuple(ms, ms, ms), { minLength: 1, maxLength: 12 }),
    (aheadUs, exchanges) => {
      const exchange = new PingPong();
      let nowUs = 0;
      for (const [at, [thereUs, peerUs, backUs]] of exchanges.entries()) {
        const ping = exchange.ask(at, nowUs / 1000, wallUs + nowUs);
        nowUs += thereUs + peerUs + backUs;
        const result = exchange.heard(pongOf(ping, aheadUs, thereUs, peerUs), nowUs / 1000);
        const { offsetMs = Infinity, errorMs = 0 } = result?.clock ?? {};
        assert(Math.abs(offsetMs - aheadUs / 1000) <= errorMs, `${offsetMs} +- ${errorMs}`);
        const ways = (result?.thereMs ?? 0) + (result?.backMs ?? 0);
        assertAlmostEquals(ways, (thereUs + backUs) / 1000, 1e-3);
      }
    },
  ));
});

Deno.test("an answer counts once, and only as it was asked", () => {
  const exchange = new PingPong();
  const pong = pongOf(exchange.ask(7, 0, wallUs), 0, 1, 1);
  assertEquals(exchange.heard({ ...pong, sequence: 8 }, 1), null);
  assertEquals(exchange.heard({ ...pong, sentUs: wallUs + 1 }, 1), null);
  assertEquals(exchange.heard(pong, 1)?.sequence, 7);
  assertEquals(exchange.heard(pong, 2), null);
});

Deno.test("requests without answers are forgotten, the oldest first", () => {
  const exchange = new PingPong();
  const pings = Array.from({ length: 5_000 }, (_, at) => exchange.ask(at, at, wallUs + at));
  const heard = (at: number) => exchange.heard(pongOf(pings[at] as Ping, 0, 0, 0), 6_000) !== null;
  assertEquals([heard(903), heard(904), heard(4_999)], [false, true, true]);
});

Deno.test("what the peer said of something last is kept where it says less", () => {
  const exchange = new PingPong();
  const ask = (sequence: number, facts: Pong["facts"]) =>
    exchange.heard({ ...pongOf(exchange.ask(sequence, 0, wallUs), 0, 0, 0), facts }, 1)?.peer;
  assertEquals(ask(1, { version: "1", sessions: 2 }), { version: "1", sessions: 2 });
  assertEquals(ask(2, {}), { version: "1", sessions: 2 });
  assertEquals(ask(3, { sessions: 9 }), { version: "1", sessions: 9 });
});

Deno.test("an answer carries the request, and when it came and left", () => {
  let nowUs = 500;
  const payload = answerTo({ sequence: 3, sentUs: 9 }, {
    receivedUs: 400,
    wallUs: () => ++nowUs,
    facts: { sessions: 1 },
  });
  assertEquals(decodePong(payload), {
    ...{ sequence: 3, sentUs: 9, receivedUs: 400, answeredUs: 501 },
    facts: { sessions: 1 },
  });
});
