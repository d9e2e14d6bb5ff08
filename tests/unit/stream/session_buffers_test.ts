import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Duplex, Traits } from "../../../lib/core/contract.ts";
import { bulkBuffers, releaseBuffers, smallBuffers } from "../../../lib/stream/buffer_pool.ts";
import { buffersFor, BurstBuffers } from "../../../lib/stream/session_buffers.ts";
import { makePair } from "../../support/pair.ts";

/** A session that says how much it has unread. */
function source(unread: number, traits: Partial<Traits> = {}): Duplex {
  const [end] = makePair();
  return Object.assign(Object.create(end), {
    traits: { ...end.traits, ...traits },
    unread: () => unread,
  });
}

Deno.test("a stream begins with a small buffer, and goes on with a large one once a read fills it", () => {
  const from = source(1_000_000);
  const buffers = new BurstBuffers(from, buffersFor(from));
  const small = buffers.take();
  assertEquals(small.length, smallBuffers.size);
  assertStrictEquals(buffers.next(small, 5_000), small);
  const large = buffers.next(small, small.length);
  assertEquals(large?.length, bulkBuffers.size);
  if (large === null) return;
  assertStrictEquals(buffers.next(large, large.length), large);
  buffers.give(large);
  // It is known by now to be fast.
  const next = new BurstBuffers(from, buffers.pool);
  const again = next.take();
  assertEquals(again.length, bulkBuffers.size);
  assertStrictEquals(next.next(again, 5_000), again);
  next.give(again);
  // A burst of nothing but small reads: small ones again.
  assertStrictEquals(next.pool, smallBuffers);
});

Deno.test("two sessions that are awake together have a buffer each, and nothing more to read ends a burst", () => {
  const begun = () => new BurstBuffers(source(0), smallBuffers);
  const [one, other] = [begun(), begun()];
  const [a, b] = [one.take(), other.take()];
  assert(a !== b);
  assertEquals(one.next(a, a.length), null);
  assertEquals(other.next(b, 10), null);
  one.give(a);
  other.give(b);
});

Deno.test("a message has a buffer that it fits into from the start", () => {
  const messages = (maximumMessage?: number) => {
    const traits = { messages: true, ...(maximumMessage === undefined ? {} : { maximumMessage }) };
    return buffersFor(source(0, traits)).size;
  };
  assertEquals(messages(1472), 64 * 1024);
  assertEquals(messages(), bulkBuffers.size);
});

Deno.test("buffers that are unused are given up at rest", () => {
  const before = smallBuffers.take();
  smallBuffers.give(before);
  assertStrictEquals(smallBuffers.take(), before);
  smallBuffers.give(before);
  releaseBuffers();
  assert(smallBuffers.take() !== before);
});
