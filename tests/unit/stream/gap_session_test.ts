/**
 * Several datagram sockets read as one: what is kept of what came.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { makeContext } from "../../../lib/core/context.ts";
import type { Datagram, Datagrams } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { GapSession } from "../../../lib/stream/gap_session.ts";
import { collectGarbage } from "../../../lib/sys/collect.ts";

const peer = { scheme: "udp", text: "udp://192.0.2.1:5", host: "192.0.2.1", port: 5 };

function socketOf(receive: Datagrams["receive"]): Datagrams {
  return {
    local: { scheme: "udp", text: "udp://127.0.0.1:1" },
    maximumMessage: 100,
    receive,
    send: () => Promise.resolve(),
    abort: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

Deno.test("a socket where nothing comes keeps nothing of what comes at another", async () => {
  const came: WeakRef<Datagram>[] = [];
  const busy = socketOf(() => {
    const datagram = { data: Uint8Array.of(1), peer };
    came.push(new WeakRef(datagram));
    return Promise.resolve(datagram);
  });
  const silent = socketOf(() => new Promise(() => {}));
  await using session = new GapSession([busy, silent], makeContext());
  for (let n = 0; n < 1_000; n++) {
    assertEquals(await session.read(new Uint8Array(9)), 1);
    // A WeakRef holds what it was made of until the turn of the event loop is over.
    if (n % 500 === 499) await new Promise((turn) => setTimeout(turn, 0));
  }
  assert(await collectGarbage());
  const kept = came.filter((datagram) => datagram.deref() !== undefined).length;
  assert(kept < 10, `${kept} of ${came.length} are kept`);
});

Deno.test("what goes wrong at one socket is told, also where nobody waited just then", async () => {
  const error = new NetError({ kind: "unexpected", op: "receive", message: "it broke" });
  const broken = Promise.withResolvers<Datagram | null>();
  let isFirst = true;
  const one = socketOf(() => {
    if (!isFirst) return new Promise(() => {});
    isFirst = false;
    return Promise.resolve({ data: Uint8Array.of(1), peer });
  });
  const times = [broken.promise];
  const other = socketOf(() => times.shift() ?? new Promise(() => {}));
  await using session = new GapSession([one, other], makeContext());
  assertEquals(await session.read(new Uint8Array(9)), 1);
  broken.reject(error);
  await new Promise((turn) => setTimeout(turn, 0));
  await assertRejects(() => session.read(new Uint8Array(9)), NetError, "it broke");
});
