/** Announcing: the template and the rhythm. */

import { assertEquals, assertThrows } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import type { Duplex, Peer } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { announce, readTemplate } from "../../../lib/service/announce.ts";

const facts = { host: "h", pid: 7 };
const values = { host: "h", pid: "7", seq: "1", time: "2026-01-01T00:00:00.000Z" };
const peer: Peer = { scheme: "udp", text: "udp://239.0.0.2:9000" };

Deno.test("the known places are filled in, other braces stay, unknown words are refused", () => {
  assertEquals(readTemplate("{host} {pid} {seq} {seq}")(values), "h 7 1 1");
  assertEquals(readTemplate('{"host":"{host}"} {} {X}')(values), '{"host":"h"} {} {X}');
  const error = assertThrows(() => readTemplate("{hots}"), NetError);
  assertEquals(error.kind, "usage");
});

/** Keeps when each message was sent; a write takes `writeMs(n)`. */
function recorder(clock: VirtualClock, writeMs: (n: number) => number) {
  const sent: [atMs: number, text: string][] = [];
  let close = () => {};
  const session: Duplex = {
    local: peer,
    remote: peer,
    traits: { messages: true, halfClose: false, endless: true },
    read: () => new Promise((resolve) => close = () => resolve(null)),
    async write(chunk) {
      sent.push([clock.now(), new TextDecoder().decode(chunk)]);
      const takesMs = writeMs(sent.length);
      if (takesMs > 0) await new Promise<void>((resolve) => void clock.timer(takesMs, resolve));
    },
    closeWrite: () => Promise.resolve(),
    abort: () => close(),
    [Symbol.asyncDispose]: () => Promise.resolve(close()),
  };
  return { session, sent };
}

Deno.test("the rhythm does not drift, and one that is late is left out", async () => {
  const clock = new VirtualClock();
  // The third takes longer than two beats.
  const { session, sent } = recorder(clock, (n) => n === 3 ? 250 : 1);
  const options = { everyMs: 100, text: "{seq}", count: 5 };
  const running = announce(session, options, facts, makeContext({ clock }));
  await clock.advance(2_000);
  assertEquals(await running, 5);
  assertEquals(sent, [[0, "1"], [100, "2"], [200, "3"], [500, "4"], [600, "5"]]);
  assertEquals(clock.pending, 0);
});

Deno.test("the signal ends it at once and leaves no timer", async () => {
  const clock = new VirtualClock();
  const { session, sent } = recorder(clock, () => 0);
  const end = new AbortController();
  const context = makeContext({ clock, signal: end.signal });
  const running = announce(session, { everyMs: 60_000 }, facts, context);
  await clock.advance(1);
  end.abort();
  assertEquals(await running, 1);
  assertEquals(sent.map(([, text]) => text), ["host=h n=1"]);
  assertEquals(clock.pending, 0);
});
