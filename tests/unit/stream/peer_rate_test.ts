/**
 * The rate of each host.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { makeContext } from "../../../lib/core/context.ts";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { PeerRates } from "../../../lib/stream/peer_rate.ts";
import { sessionsOf } from "../../../lib/stream/sessions.ts";
import { FedDatagrams, udpPeer } from "../../support/datagrams.ts";
import { MemoryLog } from "../../support/memory_log.ts";

Deno.test("a host may send a second's worth at once, and then at its rate", () => {
  const rates = new PeerRates(5, 10);
  const taken = (nowMs: number, count: number) =>
    Array.from({ length: count }, () => rates.take("a", nowMs)).filter(Boolean).length;
  assertEquals(taken(0, 20), 5);
  assertEquals(taken(199, 1), 0);
  assertEquals(taken(200, 2), 1);
  assertEquals(taken(60_000, 20), 5);
  assert(rates.take("b", 60_000), "another host has a bucket of its own");
});

Deno.test("what is given back can be taken again, and is no more than a host has after a rest", () => {
  const rates = new PeerRates(1, 10, 2);
  for (const _ of [1, 2, 3]) rates.giveBack("a");
  assertEquals([1, 2, 3].map(() => rates.take("a", 0)), [true, true, false]);
  for (const _ of [1, 2, 3]) rates.giveBack("a");
  assertEquals([1, 2, 3].map(() => rates.take("a", 0)), [true, true, false]);
});

Deno.test("no host is let through faster than its rate, whatever the others do", () => {
  const step = fc.record({ host: fc.constantFrom("a", "b", "c"), laterMs: fc.nat(300) });
  fc.assert(fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (
    steps,
    rate,
  ) => {
    const rates = new PeerRates(rate, 10);
    const taken: Record<string, number> = {};
    let nowMs = 0;
    for (const { host, laterMs } of steps) {
      nowMs += laterMs;
      if (rates.take(host, nowMs)) taken[host] = (taken[host] ?? 0) + 1;
    }
    for (const count of Object.values(taken)) assert(count <= rate + nowMs * rate / 1000 + 1e-6);
  }));
});

Deno.test("any number of forged hosts leaves the memory at its bound", () => {
  const rates = new PeerRates(1, 100);
  for (let host = 0; host < 10_000; host++) assert(rates.take(String(host), 0));
  assertEquals(rates.size, 100);
  assert(!rates.take("9999", 0), "those that came last are still known");
});

Deno.test("one session and one datagram are said in the singular", async () => {
  const log = new MemoryLog();
  const socket = new FedDatagrams();
  const context = makeContext({ clock: new VirtualClock(), log });
  const listener = sessionsOf(socket, context, { ratePerPeer: 1 });
  for (const text of ["let in", "dropped"]) socket.push(udpPeer(1), text);
  assert(await listener.accept() !== null);
  await listener[Symbol.asyncDispose]();
  const [said] = log.entries.filter(({ event }) => event === "datagrams");
  assertEquals(
    said?.text,
    "udp://192.0.2.9:5007: 1 session, 0 of them ended for others; 1 datagram dropped (1 rate)",
  );
});

Deno.test("datagrams over the rate open no session, and are counted and said", async () => {
  const log = new MemoryLog();
  const socket = new FedDatagrams();
  const context = makeContext({ clock: new VirtualClock(), log });
  const listener = sessionsOf(socket, context, { ratePerPeer: 3 });
  for (let port = 1; port <= 10; port++) socket.push(udpPeer(port), "x");
  socket.push(udpPeer(1, "192.0.2.2"), "other host");
  for (let n = 0; n < 4; n++) assert(await listener.accept() !== null);
  assertEquals(listener.dropped?.(), 7);
  await listener[Symbol.asyncDispose]();
  const [said] = log.entries.filter(({ event }) => event === "datagrams");
  assertEquals(
    said?.text,
    "udp://192.0.2.9:5007: 4 sessions, 0 of them ended for others; 7 datagrams dropped (7 rate)",
  );
});
