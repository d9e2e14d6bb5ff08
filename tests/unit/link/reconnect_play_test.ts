/**
 * The session played against a server that breaks: no byte is doubled or out of order, and none is
 * lost that the server did not throw away.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Context } from "../../../lib/core/context.ts";
import type { Duplex } from "../../../lib/core/contract.ts";
import { failure, surviving } from "../../support/redial.ts";
import type { PairEnd } from "../../support/pair.ts";

/** What happens next. */
type Step =
  | { readonly write: number }
  | { readonly passMs: number }
  | { readonly act: "break" | "end" | "refuse" | "accept" | "reply" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ write: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ passMs: fc.oneof(fc.constant(0), fc.nat(50), fc.nat(12_000)) }),
  fc.record({ act: fc.constantFrom("break", "end", "refuse", "accept", "reply") }),
);

/** Tells how much it has taken, as sockets do. */
function telling(session: Duplex): Duplex {
  let taken = 0;
  const write = session.write.bind(session);
  return Object.assign(session, {
    handedOver: () => taken,
    async write(chunk: Uint8Array) {
      await write(chunk);
      taken += chunk.length;
    },
  });
}

/** Keeps what comes to one end, until it breaks. */
async function collect(end: PairEnd, into: number[]): Promise<void> {
  const buffer = new Uint8Array(64);
  try {
    for (let n = await end.read(buffer); n !== null; n = await end.read(buffer)) {
      into.push(...buffer.subarray(0, n));
    }
  } catch {
    // Broken by the play.
  }
}

async function play(steps: readonly Step[], isGentle: boolean): Promise<void> {
  const received: number[][] = [];
  const options = { holdBytes: 16, backoff: { initialMs: 20, maximumMs: 200 } };
  const it = surviving(options, {}, (server) => {
    const { dial } = server;
    server.dial = async (context: Context) => {
      const near = telling(await dial(context));
      const bytes: number[] = [];
      received.push(bytes);
      void collect(server.last, bytes);
      return near;
    };
  });
  const { server, session } = it;
  const heard: number[] = [];
  const reading = (async () => {
    const buffer = new Uint8Array(64);
    for (;;) {
      const n = await session.read(buffer).catch(() => null);
      if (n === null) return;
      heard.push(...buffer.subarray(0, n));
    }
  })();
  let sent = 0; // each byte is its own number
  let said = 0;
  let writing: Promise<void> = Promise.resolve();
  for (const one of steps) {
    if ("write" in one) {
      if (sent + one.write > 250) continue;
      const chunk = Uint8Array.from({ length: one.write }, (_, at) => sent + at);
      sent += one.write;
      writing = writing.then(() => session.write(chunk));
    } else if ("passMs" in one) await it.pass(one.passMs);
    else {
      // Gently: what is on its way is read before anything breaks.
      if (isGentle) await it.pass(0);
      const end = server.accepted.at(-1);
      if (one.act === "refuse") server.answer = failure("refused");
      if (one.act === "accept") server.answer = undefined;
      if (one.act === "reply" && said < 250) {
        await end?.write(Uint8Array.of(said++)).catch(() => {});
      }
      if (isGentle) await it.pass(0);
      if (one.act === "break") end?.abort();
      if (one.act === "end") await end?.closeWrite();
      if (isGentle) await it.pass(0); // the session notices before it writes again
    }
  }
  server.answer = undefined;
  session.retryNow();
  for (let wait = 0; wait < 10; wait++) await it.pass(1_000);
  await writing;
  await it.pass(0);
  const all = received.flat();
  all.forEach((byte, at) => assert(at === 0 || byte > (all[at - 1] ?? 0), `${all}`));
  if (isGentle) assertEquals(all, Array.from({ length: sent }, (_, at) => at));
  heard.forEach((byte, at) => assert(at === 0 || byte > (heard[at - 1] ?? 0), `${heard}`));
  session.abort();
  await reading;
  await session[Symbol.asyncDispose]();
  assertEquals(server.clock.pending, 0);
}

for (const isGentle of [true, false]) {
  const title = isGentle ? "all that the server reads comes once, in order" : "nothing comes twice";
  Deno.test(`reconnect play: ${title}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => play(steps, isGentle)),
      { numRuns: 150 },
    );
  });
}
