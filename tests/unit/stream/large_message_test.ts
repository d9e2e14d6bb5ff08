/**
 * Messages that are larger than any UDP datagram, as Unix sockets carry them.
 * @module
 */

import { assertEquals } from "@std/assert";
import { makeContext } from "../../../lib/core/context.ts";
import type { Datagrams, Duplex } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { GapSession } from "../../../lib/stream/gap_session.ts";
import { discardAll } from "../../../lib/stream/linger.ts";
import { Pump } from "../../../lib/stream/pump.ts";
import { webStreams } from "../../../lib/stream/web.ts";

const peer = { scheme: "unixgram", text: "unixgram:/x" };
const maximumMessage = 212_960;
const size = 200_000;

function placeInto(into: Uint8Array): number {
  const message = `${size} bytes do not fit in ${into.length}`;
  if (into.length < size) throw new NetError({ kind: "too-large", op: "read", message });
  into.fill(1, 0, size);
  return size;
}

/** One large message, and the end. */
function oneLarge(): Duplex {
  let left = 1;
  return {
    local: peer,
    remote: peer,
    traits: { messages: true, maximumMessage, halfClose: true },
    read: (into) => Promise.try(() => left-- > 0 ? placeInto(into) : null),
    write: () => Promise.resolve(),
    closeWrite: () => Promise.resolve(),
    abort: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

Deno.test("a message larger than a UDP datagram is thrown away where nobody wants it", async () => {
  assertEquals(await discardAll(oneLarge()), undefined);
});

Deno.test("a message larger than a UDP datagram is one chunk of a web stream", async () => {
  const chunks = await Array.fromAsync(webStreams(oneLarge()).readable);
  assertEquals(chunks.map(({ length }) => length), [size]);
});

Deno.test("a message larger than a UDP datagram passes where gaps are looked for", async () => {
  let left = 1;
  const socket: Datagrams = {
    local: peer,
    maximumMessage,
    receive: (into) =>
      Promise.try(() => left-- > 0 ? { data: into.subarray(0, placeInto(into)), peer } : null),
    send: () => Promise.resolve(),
    abort: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  await using session = new GapSession([socket], makeContext());
  const flow = { bytes: 0, writes: 0 };
  const pump = new Pump(session, oneLarge(), { flow, buffering: "none", moved: () => {} });
  await pump.run();
  assertEquals(flow, { bytes: size, writes: 1 });
});
