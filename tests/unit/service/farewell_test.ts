import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import type { Duplex, Incoming } from "../../../lib/core/contract.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { Farewell } from "../../../lib/service/farewell.ts";
import { makePair, readToEnd } from "../../support/pair.ts";

function arrive(session: Duplex) {
  const seen = { rejected: 0 };
  const incoming: Incoming = {
    remote: session.remote,
    settle: () => Promise.resolve(session),
    reject: () => {
      seen.rejected++;
      session.abort();
    },
  };
  return { incoming, seen };
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("the message is a line, its end is seen, and what the client sent is read away", async () => {
  const clock = new VirtualClock();
  const farewell = new Farewell("come back later", makeContext({ clock }));
  const [client, session] = makePair({ capacity: 8 });
  const { incoming } = arrive(session);
  const writing = client.write(new Uint8Array(1_000));
  farewell.say(incoming);
  assertEquals(decode(await readToEnd(client)), "come back later\n");
  await writing;
  await client.closeWrite();
  await farewell.finish();
  assertEquals([session.closed, session.aborted, clock.pending], [true, false, 0]);
});

Deno.test("a client that never ends is broken after the linger time", async () => {
  const clock = new VirtualClock();
  const farewell = new Farewell("no", makeContext({ clock }));
  const [client, session] = makePair();
  farewell.say(arrive(session).incoming);
  await clock.advance(defaultLimits["close-linger"] - 1);
  assertEquals(session.aborted, false);
  await clock.advance(1);
  await farewell.finish();
  assertEquals([session.aborted, client.waiting, clock.pending], [true, 3, 0]);
});

Deno.test("so many are told at a time; the others are reset", async () => {
  const clock = new VirtualClock();
  const limits = { ...defaultLimits, "busy-answers": 2 };
  const farewell = new Farewell("no", makeContext({ clock, limits }));
  const arrivals = [1, 2, 3].map(() => arrive(makePair()[1]));
  for (const { incoming } of arrivals) farewell.say(incoming);
  assertEquals(arrivals.map(({ seen }) => seen.rejected), [0, 0, 1]);
  await clock.advance(defaultLimits["close-linger"]);
  await farewell.finish();
});

Deno.test("the server's signal ends it at once; a handshake that fails is refused", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const farewell = new Farewell("no", makeContext({ clock, signal: controller.signal }));
  const [, session] = makePair();
  farewell.say(arrive(session).incoming);
  const failing = arrive(makePair()[1]);
  farewell.say({ ...failing.incoming, settle: () => Promise.reject(new Error("handshake")) });
  await clock.advance(0);
  assertEquals(failing.seen.rejected, 1);
  controller.abort();
  await farewell.finish();
  assertEquals([session.aborted, clock.pending], [true, 0]);
});
