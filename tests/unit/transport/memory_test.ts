/** memory: behaves as a socket does, without one. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { makeContext } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { memoryTransport } from "../../../lib/transport/memory.ts";
import { memoryPair } from "../../../lib/transport/memory_session.ts";
import {
  acceptOne,
  connectWith,
  listenWith,
  readAll,
  readOnce,
  writeText,
} from "../../support/open_transport.ts";

const peer = { scheme: "memory", text: "memory:test" };
const pair = (limit = 1024) => memoryPair(peer, peer, limit);
const isPending = async (promise: Promise<unknown>) => {
  const late = Symbol();
  const settled = promise.then(() => 1, () => 1);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return await Promise.race([settled, Promise.resolve(late)]) === late;
};

Deno.test("memory refuses at once where nobody listens", async () => {
  const error = await assertRejects(
    () => connectWith(memoryTransport, "memory:nobody"),
    NetError,
  );
  assertEquals([error.kind, error.code, error.blame], ["refused", "ECONNREFUSED", "remote"]);
});

Deno.test("memory gives a name to one listener at a time", async () => {
  const first = await listenWith(memoryTransport, "memory:one");
  const error = await assertRejects(() => listenWith(memoryTransport, "memory:one"), NetError);
  assertEquals(error.kind, "in-use");
  await first[Symbol.asyncDispose]();
  await using _second = await listenWith(memoryTransport, "memory:one");
});

Deno.test("memory keeps connections in order, up to its backlog", async () => {
  const context = makeContext({ limits: { ...defaultLimits, "memory-backlog": 2 } });
  await using listener = await listenWith(memoryTransport, "memory:backlog", { context });
  const a = await connectWith(memoryTransport, "memory:backlog");
  await writeText(a, "a");
  await connectWith(memoryTransport, "memory:backlog");
  const error = await assertRejects(
    () => connectWith(memoryTransport, "memory:backlog"),
    NetError,
  );
  assertEquals(error.kind, "refused");
  assert(error.message.includes("memory-backlog"));
  assertEquals(await readOnce(await acceptOne(listener)), "a");
  await connectWith(memoryTransport, "memory:backlog");
});

Deno.test("closing a memory listener resets who was not accepted", async () => {
  const listener = await listenWith(memoryTransport, "memory:closing");
  const client = await connectWith(memoryTransport, "memory:closing");
  const accepted = await acceptOne(listener);
  const lost = await connectWith(memoryTransport, "memory:closing");
  await listener[Symbol.asyncDispose]();
  await listener[Symbol.asyncDispose]();
  assertEquals((await assertRejects(() => readOnce(lost), NetError)).kind, "reset");
  // Accepted sessions are left alone.
  await writeText(client, "on");
  assertEquals(await readOnce(accepted), "on");
});

Deno.test("closing a memory listener ends an accept that waits", async () => {
  const listener = await listenWith(memoryTransport, "memory:waiting");
  const accepting = listener.accept();
  await listener[Symbol.asyncDispose]();
  assertEquals(await accepting, null);
  assertEquals(await listener.accept(), null);
});

Deno.test("memory: a rejected connection is reset", async () => {
  await using listener = await listenWith(memoryTransport, "memory:reject");
  const client = await connectWith(memoryTransport, "memory:reject");
  const incoming = await listener.accept();
  incoming?.reject();
  incoming?.reject();
  assertEquals((await assertRejects(() => readOnce(client), NetError)).kind, "reset");
});

Deno.test("memory: each end of input is its own", async () => {
  const [a, b] = pair();
  await writeText(a, "request");
  await a.closeWrite();
  assertEquals(await readAll(b), "request");
  await writeText(b, "reply");
  await b.closeWrite();
  assertEquals(await readAll(a), "reply");
  assertEquals(await a.read(new Uint8Array(1)), null);
  assertEquals((await assertRejects(() => writeText(a, "more"), NetError)).kind, "broken");
});

Deno.test("memory: a full pipe makes the writer wait until it is read", async () => {
  const [a, b] = pair(8);
  const writing = writeText(a, "0123456789abcdef");
  assert(await isPending(writing));
  assertEquals(await b.read(new Uint8Array(4)), 4);
  assert(await isPending(writing));
  const rest = readOnce(b);
  assertEquals(await rest, "456789ab");
  await writing;
  assertEquals(await readOnce(b), "cdef");
});

Deno.test("memory: abort is a reset for the other side and loses what was not read", async () => {
  const [a, b] = pair(8);
  await writeText(a, "lost");
  const writing = writeText(b, "more than fits");
  const reading = a.read(new Uint8Array(100)).then(() => a.read(new Uint8Array(100)));
  a.abort(new Error("why"));
  a.abort();
  const error = await assertRejects(() => readOnce(b), NetError);
  assertEquals([error.kind, error.blame], ["reset", "remote"]);
  assertEquals((await assertRejects(() => writing, NetError)).kind, "reset");
  assertEquals((await assertRejects(() => reading, NetError)).kind, "aborted");
  assertEquals((await assertRejects(() => writeText(a, "x"), NetError)).kind, "aborted");
});

Deno.test("memory: closing delivers what was written and breaks who still writes", async () => {
  const [a, b] = pair(8);
  const blocked = writeText(b, "more than fits");
  await writeText(a, "bye");
  await a[Symbol.asyncDispose]();
  assertEquals((await assertRejects(() => blocked, NetError)).kind, "broken");
  assertEquals(await readAll(b), "bye");
});

Deno.test("memory: closing ends a read of its own that waits", async () => {
  const [a] = pair();
  const reading = a.read(new Uint8Array(1));
  await a[Symbol.asyncDispose]();
  assertEquals((await assertRejects(() => reading, NetError)).kind, "aborted");
});

Deno.test("memory: what is written may be reused at once", async () => {
  const [a, b] = pair();
  const chunk = new TextEncoder().encode("one");
  await a.write(chunk);
  chunk.fill(0);
  assertEquals(await readOnce(b), "one");
});

Deno.test("memory carries any bytes in any pieces", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 })),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      async (chunks, limit, readBytes) => {
        const [a, b] = pair(limit);
        const writing = (async () => {
          for (const chunk of chunks) await a.write(chunk);
          await a.closeWrite();
        })();
        const got = await readAll(b, readBytes);
        await writing;
        assertEquals(got, chunks.map((chunk) => String.fromCharCode(...chunk)).join(""));
      },
    ),
  );
});

Deno.test("memory: many one-byte writes are read in linear time", async () => {
  const [a, b] = pair(1_000_000);
  for (let i = 0; i < 200_000; i++) await a.write(Uint8Array.of(1));
  const buffer = new Uint8Array(1_000_000);
  assertEquals(await b.read(buffer), 200_000);
});
