/**
 * Reading from what cannot be told to stop (standard input, a terminal, a web stream): the read
 * goes into a buffer of its own, so that a session which ends meanwhile neither loses the bytes
 * nor has its buffer written to later.
 * @module
 */

import type { ByteSource } from "./halves.ts";

/** Reads at most `limit` bytes: what was read, or null at the end. */
export type ReadSome = (limit: number) => Promise<Uint8Array | null>;

/** One read of this much: what a pipe holds (pipe(7)). */
const wholeRead = 64 * 1024;
/** A read that only waits holds this much, unless the last read came full. */
const waitingRead = 4 * 1024;

/** Outlives the sessions that read from it: each takes a {@linkcode ReadAhead.session} of it. */
export class ReadAhead {
  readonly #readSome: ReadSome;
  #pending: Promise<void> | undefined;
  /** Bulk comes in whole reads; a stream of small ones would move at a third of its speed. */
  #waiting = waitingRead;
  #early: Uint8Array | undefined;
  #outcome: { readonly thrown?: unknown } | undefined;

  constructor(readSome: ReadSome) {
    this.#readSome = readSome;
  }

  /** A source that can be closed while the read goes on for the next one. */
  session(): ByteSource {
    let isClosed = false;
    // One slot, not a race against a promise that lives as long as the session: that would keep
    // a reaction for every read that there ever was.
    let wake = () => {};
    const ready = (limit: number) => {
      if (isClosed || this.#isReady()) return Promise.resolve();
      return new Promise<void>((resolve) => {
        wake = resolve;
        this.#fill(limit).then(resolve);
      });
    };
    return {
      read: async (into) => {
        // More than is asked for would only be kept; less than a pipe holds costs system calls.
        await ready(Math.min(into.length, wholeRead));
        return isClosed ? null : this.#take(into);
      },
      readable: () => ready(this.#waiting),
      close: () => {
        isClosed = true;
        wake();
      },
    };
  }

  #isReady(): boolean {
    return this.#early !== undefined || this.#outcome !== undefined;
  }

  /** Starts a read unless one is under way. Never rejects: the outcome is told by `#take`. */
  #fill(limit: number): Promise<void> {
    return this.#pending ??= this.#readSome(limit).then((chunk) => {
      this.#pending = undefined;
      this.#waiting = chunk?.length === limit ? wholeRead : waitingRead;
      if (chunk === null) this.#outcome = {};
      else if (chunk.length > 0) this.#early = chunk;
    }, (thrown) => {
      this.#pending = undefined;
      this.#outcome = { thrown };
    });
  }

  #take(into: Uint8Array): number | null {
    const early = this.#early;
    if (early === undefined) {
      if (this.#outcome === undefined) return 0;
      if ("thrown" in this.#outcome) throw this.#outcome.thrown;
      return null;
    }
    const piece = early.subarray(0, into.length);
    into.set(piece);
    this.#early = piece.length < early.length ? early.subarray(piece.length) : undefined;
    return piece.length;
  }
}

/** Reads through `read` into a fresh buffer each time. */
export function freshReads(read: (into: Uint8Array) => Promise<number | null>): ReadSome {
  return async (limit) => {
    const buffer = new Uint8Array(limit);
    const count = await read(buffer);
    return count === null ? null : buffer.subarray(0, count);
  };
}
