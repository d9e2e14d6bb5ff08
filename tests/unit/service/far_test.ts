/**
 * The far side of a model: what it keeps of what its server says.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import {
  type FarControl,
  type FarIncoming,
  type FarWork,
  serveFar,
  settled,
} from "../../../lib/service/far.ts";
import type { FarMessage, NearMessage } from "../../../lib/service/control.ts";
import { collectGarbage } from "../../../lib/sys/collect.ts";
import { makePair } from "../../support/pair.ts";

/** Work that nobody ever connects to. */
function idleWork(): FarWork {
  const local = { scheme: "memory", text: "memory:far" };
  return {
    context: makeContext(),
    listener: {
      local,
      accept: () => Promise.resolve(null),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    locals: [local],
    handle: () => Promise.reject(new Error("nobody comes")),
    once: false,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A server that says what is given, one after the other. */
function saying(
  next: () => NearMessage | null | Promise<NearMessage | null>,
): FarControl & { readonly heard: FarMessage[] } {
  const heard: FarMessage[] = [];
  let isStarted = false;
  return {
    heard,
    send: (message) => void heard.push(message),
    receive() {
      if (isStarted) return Promise.resolve().then(next);
      isStarted = true;
      return Promise.resolve({ type: "start", task: null, sockets: [] });
    },
  };
}

Deno.test("messages of the server are not kept once they were heard", async () => {
  const said: WeakRef<NearMessage>[] = [];
  let kept = Infinity;
  const control = saying(async () => {
    if (said.length === 1_000) {
      assert(await collectGarbage());
      kept = said.filter((message) => message.deref() !== undefined).length;
      return null;
    }
    const message: NearMessage = { type: "ping", open: said.length };
    said.push(new WeakRef(message));
    // WeakRefs hold what they were made of until the turn of the event loop is over.
    if (said.length % 500 === 0) await new Promise((turn) => setTimeout(turn, 0));
    return message;
  });
  assertEquals(await serveFar(control, () => Promise.resolve(idleWork())), 0);
  assertEquals(control.heard.filter(({ type }) => type === "pong").length, 1_000);
  assert(kept < 10, `${kept} of 1000 are kept`);
});

Deno.test("what the server says wrongly ends the far side, with the reason", async () => {
  const control = saying(() => {
    throw new NetError({ kind: "protocol", op: "control", message: "not a message" });
  });
  await assertRejects(
    () => serveFar(control, () => Promise.resolve(idleWork())),
    NetError,
    "not a message",
  );
});

Deno.test("a connection that was accepted as accepting ended is served, not lost", async () => {
  const [near, far] = makePair();
  const arrival = Promise.withResolvers<FarIncoming | null>();
  const accepted = Promise.withResolvers<void>();
  const work: FarWork = {
    ...idleWork(),
    listener: { ...idleWork().listener, accept: () => arrival.promise },
    handle: () => Promise.resolve({ reason: "peer-end", bytesIn: 0, bytesOut: 0 }),
  };
  const script: (() => NearMessage | Promise<NearMessage>)[] = [
    () => ({ type: "permit" }),
    () => {
      arrival.resolve(settled(far, 0));
      return { type: "close" };
    },
    async () => {
      await accepted.promise;
      return { type: "serve", key: 1, id: 1, open: 1 };
    },
  ];
  const control = saying(() => script.shift()?.() ?? new Promise(() => {}));
  const send = control.send;
  control.send = (message) => {
    send(message);
    if (message.type === "accepted") accepted.resolve();
  };
  assertEquals(await serveFar(control, () => Promise.resolve(work)), 0);
  const types = control.heard.map(({ type }) => type);
  assertEquals(types, ["ready", "accepted", "closed", "ended"]);
  await near[Symbol.asyncDispose]();
});
