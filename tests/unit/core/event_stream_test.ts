/**
 * Events for several readers, none of whom stops the source.
 * @module
 */

import { assertEquals } from "@std/assert";
import { EventStream } from "../../../lib/core/event_stream.ts";

async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const event of events) found.push(event);
  return found;
}

Deno.test("events: every reader gets what is put after it began, the first one all", async () => {
  const stream = new EventStream<number>();
  stream.put(1);
  const first = all(stream);
  stream.put(2);
  const second = all(stream);
  stream.put(3);
  stream.end();
  assertEquals(await first, [1, 2, 3]);
  assertEquals(await second, [3]);
  assertEquals(await all(stream), []);
});

Deno.test("events: a reader that is slow loses the oldest, and sees how many", async () => {
  const stream = new EventStream<number>(2);
  const reader = stream[Symbol.asyncIterator]();
  for (const event of [1, 2, 3, 4, 5]) stream.put(event);
  assertEquals(reader.dropped, 3);
  assertEquals(await reader.next(), { done: false, value: 4 });
  stream.end();
  assertEquals(await all(reader), [5]);
});

Deno.test("events: who stops reading early is forgotten, and the others go on", async () => {
  const stream = new EventStream<number>();
  const rest = all(stream);
  const early = stream[Symbol.asyncIterator]();
  stream.put(1);
  for await (const event of early) {
    assertEquals(event, 1);
    break;
  }
  stream.put(2);
  assertEquals(await early.next(), { done: true, value: undefined });
  stream.end();
  assertEquals(await rest, [1, 2]);
});

Deno.test("events: several waits of one reader are answered in order, and all end", async () => {
  const stream = new EventStream<number>();
  const reader = stream[Symbol.asyncIterator]();
  const waits = [reader.next(), reader.next(), reader.next()];
  stream.put(1);
  stream.put(2);
  stream.end();
  stream.end();
  stream.put(3);
  assertEquals(await Promise.all(waits), [
    { done: false, value: 1 },
    { done: false, value: 2 },
    { done: true, value: undefined },
  ]);
});
