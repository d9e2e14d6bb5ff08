/**
 * The face of a machine: what becomes of the buffer of a session whose write was cut.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { makeContext } from "../../../lib/core/context.ts";
import type { Duplex, Traits } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { drive } from "../../../lib/service/drive.ts";
import { echo } from "../../../lib/service/echo.ts";
import { buffersFor } from "../../../lib/stream/session_buffers.ts";

const peer = { scheme: "memory", text: "memory:x" };
const context = makeContext();

/** Gives five bytes once, and then nothing; its write fails, and the system goes on with it. */
function cutWhileWriting(traits: Traits): { session: Duplex; sending: () => Uint8Array } {
  let sending: Uint8Array = new Uint8Array();
  const over = Promise.withResolvers<void>();
  let isFirst = true;
  const session: Duplex = {
    local: peer,
    remote: peer,
    traits,
    async readable() {
      if (!isFirst) await over.promise;
    },
    read(into) {
      if (!isFirst) return Promise.resolve(null);
      isFirst = false;
      into.fill(1, 0, 5);
      return Promise.resolve(5);
    },
    write(chunk) {
      sending = chunk;
      return Promise.reject(new NetError({ kind: "aborted", op: "write", message: "cut" }));
    },
    closeWrite: () => Promise.resolve(),
    abort: () => over.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(over.resolve()),
  };
  return { session, sending: () => sending };
}

const traitsOf: Record<string, Traits> = {
  stream: { messages: false, halfClose: true },
  messages: { messages: true, maximumMessage: 1_000, halfClose: true },
  datagrams: { messages: true, maximumMessage: 1_000, halfClose: false, endless: true },
};

for (const [name, traits] of Object.entries(traitsOf)) {
  Deno.test(`${name}: a buffer that a cut answer may still send is no other session's`, async () => {
    const { session, sending } = cutWhileWriting(traits);
    const setup = { clock: context.clock, messages: traits.messages, options: {} };
    const outcome = await drive(session, echo.make(setup), context);
    assertEquals(outcome.error?.kind, "aborted");
    assertEquals(sending().length, 5);
    assert(buffersFor(session).take().buffer !== sending().buffer);
  });
}
