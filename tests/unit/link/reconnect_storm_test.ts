/**
 * A thousand clients lose one server: they come back spread out, and none of them spins. Seeded, on
 * virtual time, with the real session.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { failure, FakeServer } from "../../support/redial.ts";
import { makeContext } from "../../../lib/core/context.ts";
import { reconnecting } from "../../../lib/link/reconnect.ts";

/** A small generator with a seed (mulberry32): the simulation is the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Most of these times that lie within any window of this length. */
function busiest(timesMs: readonly number[], windowMs: number): number {
  const sorted = [...timesMs].sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, atMs] of sorted.entries()) {
    while (atMs - (sorted[first] ?? 0) > windowMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

Deno.test("reconnect storm: 1,000 clients come back without a burst, and none spins", async () => {
  const random = seeded(11);
  const server = new FakeServer();
  const context = makeContext({ clock: server.clock });
  const sessions = Array.from({ length: 1_000 }, () => {
    const session = reconnecting(server.dial, { backoff: { random } }, context);
    session.read(new Uint8Array(1)).catch(() => {});
    return session;
  });
  await server.clock.advance(11_000);
  server.dialledMs.length = 0;
  server.answer = failure("refused");
  for (const end of server.accepted.splice(0)) end.abort(); // all in one instant
  await server.clock.advance(20_000);
  server.answer = undefined;
  const downMs = [...server.dialledMs];
  await server.clock.advance(60_000);
  assert(sessions.every(({ status }) => status.state === "up"));
  const back = server.dialledMs.slice(downMs.length);
  assertEquals(back.length, 1_000); // each came back with its first dial that was answered
  // In one instant they would be 1,000; of an even spread over 25 s, 4 in a tenth of a second.
  assert(busiest(back, 100) <= 40, `${busiest(back, 100)} within 100 ms`);
  back.sort((a, b) => a - b);
  const [early = 0, late = 0] = [back[100], back[900]];
  assert(late - early > 8_000, `${late - early} ms between the first tenth and the last`);
  // While it was away each knocked a few times, most of them early.
  assert(downMs.length / 1_000 < 12, `${downMs.length / 1_000} dials of each`);
  assert(busiest(downMs.filter((atMs) => atMs > 16_000), 100) <= 60);
  for (const session of sessions) session.abort();
});
