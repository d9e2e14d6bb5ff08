/**
 * One direction of a relay: what becomes of its buffer.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Duplex } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { Pump } from "../../../lib/stream/pump.ts";
import { buffersFor } from "../../../lib/stream/session_buffers.ts";

const peer = { scheme: "memory", text: "memory:x" };

/** A session that cannot do anything but what is given. */
function session(given: Partial<Duplex>): Duplex {
  const nothing = () => Promise.reject(new Error("not asked for"));
  return {
    local: peer,
    remote: peer,
    traits: { messages: false, halfClose: false },
    read: nothing,
    write: nothing,
    closeWrite: nothing,
    abort: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...given,
  };
}

Deno.test("a buffer that a write which was cut may still send is no one else's", async () => {
  const datagrams = session({
    traits: { messages: true, maximumMessage: 1_000, halfClose: false, endless: true },
    readable: () => Promise.resolve(),
    read: (into) => Promise.resolve(into.fill(1, 0, 5).length && 5),
  });
  let sending: Uint8Array = new Uint8Array();
  const output = session({
    // As standard output, or a child's input: closing does not end what the system writes.
    write(chunk) {
      sending = chunk;
      return Promise.reject(new NetError({ kind: "aborted", op: "write", message: "cut" }));
    },
  });
  const flow = { bytes: 0, writes: 0 };
  const pump = new Pump(datagrams, output, { flow, buffering: "none", moved: () => {} });
  assertEquals((await pump.run()).kind, "write-failed");
  const next = buffersFor(datagrams).take();
  assert(next.buffer !== sending.buffer);
});
