/**
 * Which shared buffer a read of a session wants.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import { BufferPool, bulkBuffers, moreIsThere, smallBuffers } from "./buffer_pool.ts";

/** Any UDP datagram fits. */
const datagramBytes = 64 * 1024;

/**
 * Datagrams come from many sessions at once, each of which reads one: half a megabyte for each
 * would cost more than all the rest of a session.
 */
const datagramBuffers = new BufferPool(datagramBytes, 64);

/** The pool that the reads of this session begin with: a message must fit, a stream may grow. */
export function buffersFor({ traits }: Duplex): BufferPool {
  const { messages, maximumMessage = Infinity } = traits;
  if (!messages) return smallBuffers;
  return maximumMessage <= datagramBytes ? datagramBuffers : bulkBuffers;
}

/**
 * The buffers of one burst: a session reads as long as there is more, and then waits without one.
 * It goes on with a large one as soon as a read fills a small one. A session that waits keeps
 * nothing of its last burst but where the next one begins.
 */
export class BurstBuffers {
  readonly #from: Duplex;
  #pool: BufferPool;
  #most = 0;

  /**
   * @param from the session that is read
   * @param pool where the burst before has ended; `buffersFor` the session at first
   */
  constructor(from: Duplex, pool: BufferPool) {
    this.#from = from;
    this.#pool = pool;
  }

  /** Where the next burst begins: with large buffers only if they were wanted in this one. */
  get pool(): BufferPool {
    const isIdle = this.#pool === bulkBuffers && this.#most < smallBuffers.size;
    return isIdle ? buffersFor(this.#from) : this.#pool;
  }

  /** A buffer for the first read. */
  take(): Uint8Array {
    return this.#pool.take();
  }

  /**
   * The buffer for the next read: the same, or a larger one.
   *
   * @param last how many bytes the last read gave
   * @returns null where there is nothing more to read now
   */
  next(buffer: Uint8Array, last: number): Uint8Array | null {
    this.#most = Math.max(this.#most, last);
    if (!moreIsThere(this.#from, last, buffer)) return null;
    const { larger } = this.#pool;
    if (last < buffer.length || larger === undefined) return buffer;
    this.#pool.give(buffer);
    this.#pool = larger;
    return larger.take();
  }

  /** Takes the last buffer back; see `BufferPool.give`. */
  give(buffer: Uint8Array): void {
    this.#pool.give(buffer);
  }
}
