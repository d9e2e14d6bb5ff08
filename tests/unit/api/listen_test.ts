/**
 * Sessions of a passive address: what is under way when it is closed.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Listening } from "../../../lib/api/listen.ts";
import { makeContext } from "../../../lib/core/context.ts";
import type { Incoming, Listener } from "../../../lib/core/contract.ts";
import { within } from "../../support/within.ts";

const local = { scheme: "memory", text: "memory:listen" };

/** A connection that is refused or not. */
function arrival(): Incoming & { isRefused: boolean } {
  return {
    remote: local,
    isRefused: false,
    settle: () => Promise.reject(new Error("nobody serves it")),
    reject() {
      this.isRefused = true;
    },
  };
}

/** Gives one connection when that is there, and then its end. */
function listenerOf(coming: Promise<Incoming>): Listener {
  const results: Promise<Incoming | null>[] = [coming];
  return {
    local,
    accept: () => results.shift() ?? Promise.resolve(null),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

Deno.test("who comes for a caller that has given up is refused when it is closed", async () => {
  const coming = Promise.withResolvers<Incoming>();
  const listening = new Listening([listenerOf(coming.promise)], makeContext());
  const caller = new AbortController();
  const accepted = assertRejects(() => listening.accept(caller.signal), Error, "no more");
  caller.abort(new Error("no more"));
  await accepted;
  const incoming = arrival();
  coming.resolve(incoming);
  await within(listening[Symbol.asyncDispose](), () => "it waits for a taker", 2_000);
  assert(incoming.isRefused);
});

Deno.test("who was accepted just before it is closed is refused, and closing ends", async () => {
  const coming = Promise.withResolvers<Incoming>();
  const listening = new Listening([listenerOf(coming.promise)], makeContext());
  const accepted = listening.accept();
  const closed = listening[Symbol.asyncDispose]();
  const incoming = arrival();
  setTimeout(() => coming.resolve(incoming), 0);
  await within(closed, () => "it waits for a taker", 2_000);
  assert(incoming.isRefused);
  assertEquals(await accepted, null);
});

Deno.test("one of several listeners that breaks is told, and not when the last one ends", async () => {
  const end = Promise.withResolvers<null>();
  const silent: Listener = {
    local,
    accept: () => end.promise,
    [Symbol.asyncDispose]: () => Promise.resolve(end.resolve(null)),
  };
  const broken: Listener = {
    local,
    accept: () => Promise.reject(new Error("it broke")),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  await using listening = new Listening([silent, broken], makeContext());
  for (let turn = 0; turn < 2; turn++) {
    const told = assertRejects(() => listening.accept(), Error, "it broke");
    await within(told, () => "nothing is told", 2_000);
  }
});
