/**
 * Typed events as one async stream, for whatever has a status: a discriminated union that is read
 * with `for await`, in place of ten callbacks.
 * @module
 */

import { defaultLimits } from "./limits.ts";

/** One reader of an event stream. Ending its `for await` early ends it alone. */
export interface EventReader<T> extends AsyncIterableIterator<T> {
  /** Events that this reader has not got, because it was too slow; the oldest go first. */
  readonly dropped: number;
}

/**
 * What happens, for any number of readers. Who puts never waits: a reader that is slow loses its
 * oldest events and can see how many (a status is about now, and its source must not stop).
 *
 * Each reader gets what is put after it began; the first one also what came before, so that the
 * first events of something that starts at once are not lost.
 */
export class EventStream<T> implements AsyncIterable<T> {
  #maximum: number;
  readonly #readers = new Set<Reader<T>>();
  /** What came before the first reader. */
  #early: Reader<T> | undefined;
  #hasEnded = false;

  /**
   * Nobody has to read it.
   *
   * @param maximum events that wait for one reader; the limit `event-queue`
   */
  constructor(maximum: number = defaultLimits["event-queue"]) {
    this.#maximum = maximum;
    this.#early = this.#reader();
  }

  /** Gives an event to every reader; after the end it does nothing. Never waits, never throws. */
  put(event: T): void {
    for (const reader of this.#readers) reader.put(event);
  }

  /** Lets more events wait for each reader: who has more to tell than before. Never fewer. */
  widen(maximum: number): void {
    this.#maximum = Math.max(this.#maximum, maximum);
    for (const reader of this.#readers) reader.maximum = this.#maximum;
  }

  /** No more events: readers get what waits, and then their end. Idempotent. */
  end(): void {
    this.#hasEnded = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  /** True once no more events will come. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Begins to read. */
  [Symbol.asyncIterator](): EventReader<T> {
    const early = this.#early;
    this.#early = undefined;
    return early ?? this.#reader();
  }

  #reader(): Reader<T> {
    const reader = new Reader<T>(this.#maximum, () => this.#readers.delete(reader));
    if (this.#hasEnded) reader.end();
    else this.#readers.add(reader);
    return reader;
  }
}

/** The queue of one reader. */
class Reader<T> implements EventReader<T> {
  dropped = 0;
  maximum: number;
  readonly #leave: () => void;
  readonly #queue: T[] = [];
  readonly #waiting: ((result: IteratorResult<T>) => void)[] = [];
  #hasEnded = false;

  constructor(maximum: number, leave: () => void) {
    this.maximum = maximum;
    this.#leave = leave;
  }

  put(event: T): void {
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) return waiter({ done: false, value: event });
    this.#queue.push(event);
    if (this.#queue.length <= this.maximum) return;
    this.#queue.shift();
    this.dropped++;
  }

  end(): void {
    this.#hasEnded = true;
    for (const waiter of this.#waiting.splice(0)) waiter({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#queue.length > 0) {
      return Promise.resolve({ done: false, value: this.#queue.shift() as T });
    }
    if (this.#hasEnded) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<T>> {
    this.#leave();
    this.#queue.length = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
