/**
 * One direction of bytes inside the process, with the backpressure of a kernel's pipe.
 * @module
 */

import type { NetError } from "../core/error.ts";

/**
 * A bounded queue of bytes with one reader and one writer. A full pipe makes its writer wait, so
 * that two ends in one process behave as over a socket: code that would deadlock there does here.
 */
export class MemoryPipe {
  readonly #limit: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #readerGone = false;
  #failure: NetError | undefined;
  /** Wakes the reader and the writer; there is at most one of each. */
  #wakeReader: PromiseWithResolvers<void> | undefined;
  #wakeWriter: PromiseWithResolvers<void> | undefined;

  /** @param limit bytes that wait for the reader, at most; at least 1 */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns how many bytes were read, or null at the end. @throws what it was broken with */
  async read(into: Uint8Array): Promise<number | null> {
    if (into.length === 0) return 0;
    await this.readable();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#bytes === 0) return null;
    return this.#take(into);
  }

  /** Settles once a read would not wait. */
  readable(): Promise<void> {
    if (this.#bytes > 0 || this.#ended || this.#failure !== undefined) return Promise.resolve();
    return (this.#wakeReader ??= Promise.withResolvers<void>()).promise;
  }

  /**
   * Writes all, waiting for room; what is written is copied.
   *
   * @returns false where the reader has gone, or writing was ended, and the rest was not taken
   * @throws what the pipe was broken with
   */
  async write(chunk: Uint8Array): Promise<boolean> {
    for (let from = 0; from < chunk.length;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#readerGone || this.#ended) return false;
      const room = this.#limit - this.#bytes;
      if (room <= 0) {
        await (this.#wakeWriter ??= Promise.withResolvers<void>()).promise;
        continue;
      }
      const piece = chunk.slice(from, from + room);
      from += piece.length;
      this.#chunks.push(piece);
      this.#bytes += piece.length;
      this.#wake("reader");
    }
    if (this.#failure !== undefined) throw this.#failure;
    return !this.#readerGone;
  }

  /** Nothing more will be written; what was is still read. A writer that waits is cut. */
  end(): void {
    this.#ended = true;
    this.#wake("reader");
    this.#wake("writer");
  }

  /** Nothing more will be read; a writer that waits is told so. */
  detach(): void {
    this.#readerGone = true;
    this.#drop();
    this.#wake("writer");
  }

  /** Both sides get `error` from now on; what was not read is lost. The first one stays. */
  break(error: NetError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#drop();
    this.#wake("reader");
    this.#wake("writer");
  }

  #take(into: Uint8Array): number {
    let count = 0;
    let done = 0;
    for (const chunk of this.#chunks) {
      const piece = chunk.subarray(0, into.length - count);
      into.set(piece, count);
      count += piece.length;
      if (piece.length < chunk.length) {
        this.#chunks[done] = chunk.subarray(piece.length);
        break;
      }
      done++;
    }
    // Once a read: a shift for each of many one-byte chunks would be quadratic.
    this.#chunks.splice(0, done);
    this.#bytes -= count;
    this.#wake("writer");
    return count;
  }

  #drop(): void {
    this.#chunks = [];
    this.#bytes = 0;
  }

  #wake(who: "reader" | "writer"): void {
    if (who === "reader") {
      this.#wakeReader?.resolve();
      this.#wakeReader = undefined;
    } else {
      this.#wakeWriter?.resolve();
      this.#wakeWriter = undefined;
    }
  }
}
