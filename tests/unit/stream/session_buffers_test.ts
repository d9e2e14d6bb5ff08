import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Duplex, Traits } from "../../../lib/core/contract.ts";
import { bulkBuffers, smallBuffers } from "../../../lib/stream/buffer_pool.ts";
import { BurstBuffers } from "../../../lib/stream/session_buffers.ts";
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
  const buffers = new BurstBuffers(source(1_000_000));
  const small = buffers.take();
  assertEquals(small.length, smallBuffers.size);
  assertStrictEquals(buffers.next(small, 5_000), small);
  const large = buffers.next(small, small.length);
  assertEquals(large?.length, bulkBuffers.size);
  if (large === null) return;
  assertStrictEquals(buffers.next(large, large.length), large);
  buffers.give(large);
  // It is known by now to be fast.
  const again = buffers.take();
  assertEquals(again.length, bulkBuffers.size);
  buffers.give(again);
  // A burst of nothing but small reads: small ones again.
  assertEquals(buffers.take().length, smallBuffers.size);
});

Deno.test("two sessions that are awake together have a buffer each, and nothing more to read ends a burst", () => {
  const [one, other] = [new BurstBuffers(source(0)), new BurstBuffers(source(0))];
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
    return new BurstBuffers(source(0, traits)).take().length;
  };
  assertEquals(messages(1472), 64 * 1024);
  assertEquals(messages(), bulkBuffers.size);
});
