/**
 * A session that survives its connections: reading, writing, ending, on virtual time.
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Context, makeContext } from "../../../lib/core/context.ts";
import type { Duplex } from "../../../lib/core/contract.ts";
import { NetError } from "../../../lib/core/error.ts";
import { reconnecting } from "../../../lib/link/reconnect.ts";
import { failure, FakeServer, type Surviving, surviving } from "../../support/redial.ts";
import { readToEnd } from "../../support/pair.ts";
import { bytesOf } from "../../support/relaying.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function read(end: { read(into: Uint8Array): Promise<number | null> }): Promise<string> {
  const into = new Uint8Array(1024);
  const count = await end.read(into);
  return count === null ? "(end)" : text(into.subarray(0, count));
}

Deno.test("reconnect: a lost connection is dialled again, and the session goes on", async () => {
  const { server, session, states, pass } = surviving();
  await session.up;
  await session.write(bytesOf("one"));
  assertEquals(await read(server.last), "one");
  const waiting = read(session);
  server.last.abort();
  await pass(0);
  assertEquals(session.status.state, "waiting");
  assertEquals(session.status.delayMs, 200);
  await pass(200);
  assertEquals(server.accepted.length, 2);
  await server.last.write(bytesOf("two"));
  assertEquals(await waiting, "two");
  await session.write(bytesOf("three"));
  assertEquals(await read(server.last), "three");
  assertEquals(states(), ["connecting", "up", "down", "waiting", "connecting", "up"]);
  assertEquals(session.tally.connections, 2);
  session.abort();
});

Deno.test("reconnect: the peer's end is a loss while our input is open", async () => {
  const { server, session, told, pass } = surviving();
  await session.up;
  await session.write(bytesOf("hello"));
  const waiting = read(session);
  await server.last.closeWrite();
  await pass(200);
  const down = told.find((event) => event.state === "down");
  assert(down?.state === "down");
  assertEquals([down.reason, down.error, down.bytesHandedOver], ["peer-end", undefined, 5]);
  // What was written before still arrives: the old connection was closed in order.
  assertEquals(text(await readToEnd(server.accepted[0] ?? server.last)), "hello");
  await server.last.write(bytesOf("again"));
  assertEquals(await waiting, "again");
  session.abort();
});

Deno.test("reconnect: after our end the peer's end is the end", async () => {
  const { server, session, states, pass } = surviving();
  await session.up;
  await session.closeWrite();
  assertEquals(await read(server.last), "(end)");
  await server.last.write(bytesOf("bye"));
  await server.last.closeWrite();
  assertEquals(text(await readToEnd(session)), "bye");
  await pass(60_000);
  assertEquals(states(), ["connecting", "up"]);
  await session[Symbol.asyncDispose]();
  assertEquals(server.clock.pending, 0);
});

Deno.test("reconnect: after our end a broken connection is a failure, not a loss", async () => {
  const { server, session, pass } = surviving();
  await session.up;
  await session.closeWrite();
  server.last.abort();
  const error = await assertRejects(() => read(session), NetError);
  assertEquals(error.kind, "reset");
  await pass(60_000);
  assertEquals(server.accepted.length, 1);
  assertEquals((await assertRejects(() => read(session), NetError)).kind, "reset");
  await session[Symbol.asyncDispose]();
});

Deno.test("reconnect: what is written before the first connection is held for it", async () => {
  const { server, session, pass } = surviving({}, {}, (server) => {
    server.answer = failure("refused");
  });
  await session.write(bytesOf("early "));
  await session.write(bytesOf("bird"));
  await session.closeWrite(); // does not wait: the connection is told when there is one
  await pass(150);
  server.answer = undefined;
  await pass(50);
  assertEquals(text(await readToEnd(server.last)), "early bird");
  await server.last.closeWrite();
  assertEquals(await read(session), "(end)");
  await session[Symbol.asyncDispose]();
});

/** Breaks the connection and lets the session find out. @returns the read that goes on waiting */
async function broken({ server, session, pass }: Surviving): Promise<{ reading: Promise<string> }> {
  const reading = read(session);
  reading.catch(() => {}); // looked at by whom it concerns
  server.last.abort();
  await pass(0);
  assertEquals(session.status.state, "waiting");
  return { reading };
}

Deno.test("reconnect: a full hold makes the writer wait for the connection", async () => {
  const it = surviving({ holdBytes: 4 });
  const { server, session, pass } = it;
  await session.up;
  await broken(it);
  await session.write(bytesOf("abc"));
  let isWritten = false;
  const writing = session.write(bytesOf("defgh")).then(() => isWritten = true);
  await pass(199);
  assertEquals(isWritten, false);
  await pass(1);
  await writing;
  assertEquals(await read(server.last), "abcd");
  assertEquals(await read(server.last), "efgh");
  session.abort();
});

Deno.test("reconnect: while-down=drop throws away, counts, and tells with the next connection", async () => {
  const it = surviving({ whileDown: "drop" });
  const { server, session, told, pass } = it;
  await session.up;
  await broken(it);
  await session.write(bytesOf("lost"));
  await session.write(bytesOf("too"));
  await pass(200);
  await session.write(bytesOf("kept"));
  assertEquals(await read(server.last), "kept");
  assertEquals(told.filter(({ state }) => state === "dropped"), [{ state: "dropped", bytes: 7 }]);
  assertEquals(session.tally.bytesDropped, 7);
  session.abort();
});

Deno.test("reconnect: while-down=fail refuses, and the next connection takes again", async () => {
  const it = surviving({ whileDown: "fail" });
  const { server, session, pass } = it;
  await session.up;
  await broken(it);
  const error = await assertRejects(() => session.write(bytesOf("x")), NetError);
  assertEquals(error.kind, "unreachable");
  await pass(200);
  await session.write(bytesOf("y"));
  assertEquals(await read(server.last), "y");
  session.abort();
});

Deno.test("reconnect: bytes that were taken are never sent again, the rest goes on", async () => {
  const { server, session, told, pass } = surviving({}, { capacity: 4 });
  await session.up;
  const inner = server.last;
  await session.write(bytesOf("1234"));
  const writing = session.write(bytesOf("5678")); // waits: nobody reads
  await pass(0);
  inner.abort();
  await pass(0);
  // The pair cannot tell how much of the chunk went: all of it counts as taken.
  await writing;
  await pass(200);
  await session.write(bytesOf("9"));
  assertEquals(await read(server.last), "9");
  const down = told.find((event) => event.state === "down");
  assert(down?.state === "down");
  assertEquals(down.bytesHandedOver, 8);
  assertEquals(session.tally.bytesAtRisk, 8);
  session.abort();
});

Deno.test("reconnect: where a session tells what it has taken, the rest of the chunk is sent on", async () => {
  const { server, session, pass } = surviving({}, {}, (server) => {
    const { dial } = server;
    Object.assign(server, { dial: (context: Context) => dial(context).then(tellsTwo) });
  });
  await session.up;
  await session.write(bytesOf("abcdef"));
  assertEquals(session.tally.bytesAtRisk, 2);
  const parts = [await read(server.last)];
  for (const delayMs of [200, 400]) {
    await pass(delayMs);
    parts.push(await read(server.last));
  }
  assertEquals(parts, ["ab", "cd", "ef"]);
  session.abort();
});

/** Takes two bytes of each write that has more, and breaks then. */
function tellsTwo(session: Duplex): Duplex {
  let taken = 0;
  const write = session.write.bind(session);
  return Object.assign(session, {
    handedOver: () => taken,
    async write(chunk: Uint8Array) {
      await write(chunk.subarray(0, 2));
      taken += Math.min(2, chunk.length);
      if (chunk.length > 2) throw failure("reset");
    },
  });
}

Deno.test("reconnect: what the peer said before a write found it gone is still read", async () => {
  const { server, session, pass } = surviving();
  await session.up;
  await server.last.write(bytesOf("last words"));
  await server.last[Symbol.asyncDispose]();
  await session.write(bytesOf("x")); // fails as broken, is held
  assertEquals(session.status.state, "waiting");
  assertEquals(await read(session), "last words");
  const waiting = read(session);
  await pass(200);
  await server.last.write(bytesOf("hello again"));
  assertEquals(await waiting, "hello again");
  session.abort();
});

Deno.test("reconnect: messages stay messages, and one that may have gone is not sent twice", async () => {
  const it = surviving({}, { messages: true });
  const { server, session, pass } = it;
  await session.up;
  assertEquals(session.traits.messages, true);
  await broken(it);
  await session.write(bytesOf("one"));
  await session.write(bytesOf(""));
  await session.write(bytesOf("two"));
  await pass(200);
  assertEquals(await read(server.last), "one");
  assertEquals(await read(server.last), "");
  assertEquals(await read(server.last), "two");
  session.abort();
});

Deno.test("reconnect: closing delivers what is held, for as long as close-wait says", async () => {
  const it = surviving();
  const { server, session, pass } = it;
  await session.up;
  await broken(it);
  await session.write(bytesOf("held"));
  const closing = session[Symbol.asyncDispose]();
  await pass(200);
  await closing;
  assertEquals(text(await readToEnd(server.last)), "held");
  assertEquals((await assertRejects(() => read(session), NetError)).kind, "aborted");
  assertEquals(server.clock.pending, 0);
});

Deno.test("reconnect: closing gives up what cannot be delivered, and says so", async () => {
  const it = surviving();
  const { server, session, told, pass } = it;
  await session.up;
  await broken(it);
  server.answer = failure("refused");
  await session.write(bytesOf("held"));
  const closing = session[Symbol.asyncDispose]();
  await pass(10_000);
  await closing;
  assertEquals(told.at(-1), { state: "dropped", bytes: 4 });
  assertEquals(server.clock.pending, 0);
});

Deno.test("reconnect: aborting wakes a read and a write that wait, and ends everything", async () => {
  const it = surviving({ holdBytes: 1 });
  const { server, session } = it;
  await session.up;
  const { reading } = await broken(it);
  const writing = session.write(bytesOf("more"));
  session.abort(new Error("enough"));
  session.abort();
  assertEquals((await assertRejects(() => reading, NetError)).kind, "aborted");
  assertEquals((await assertRejects(() => writing, NetError)).kind, "aborted");
  await session.closeWrite();
  await session[Symbol.asyncDispose]();
  assertEquals(server.clock.pending, 0);
  const events = [];
  for await (const event of session.events) events.push(event.state);
  assertEquals(events.slice(0, 4), ["connecting", "up", "down", "waiting"]);
});

Deno.test("reconnect: who ends it when told of an attempt sees none", async () => {
  const server = new FakeServer();
  let attempts = 0;
  const session = reconnecting(server.dial, {
    tell: ({ state }) => {
      if (state === "connecting" && ++attempts === 2) session.abort();
    },
  }, makeContext({ clock: server.clock }));
  await session.up;
  const reading = assertRejects(() => read(session), NetError);
  server.last.abort();
  await server.clock.advance(1_000);
  await reading;
  assertEquals([attempts, server.dialledMs.length], [2, 1]);
  await session[Symbol.asyncDispose]();
});

Deno.test("reconnect: told to stop it dials no more, and lets the connection there is end", async () => {
  const { server, session, controller, pass } = surviving();
  await session.up;
  controller.abort();
  await server.last.write(bytesOf("rest"));
  await server.last.closeWrite();
  assertEquals(text(await readToEnd(session)), "rest");
  await pass(60_000);
  assertEquals(server.accepted.length, 1);
  await session[Symbol.asyncDispose]();
  const other = surviving({}, {}, (server) => server.answer = "never");
  other.controller.abort(failure("timeout"));
  assertEquals((await assertRejects(() => other.session.up, NetError)).kind, "timeout");
  assertEquals(other.server.cancelled, 1);
});
