/**
 * Large buffers that sessions share: an idle session holds none.
 * @module
 */

import type { Duplex } from "../core/contract.ts";

/** Buffers of one size, handed out and taken back. */
export class BufferPool {
  readonly #free: Uint8Array[] = [];
  readonly #keep: number;
  /** Size of each buffer, in bytes. */
  readonly size: number;
  /** Where a session goes on whose reads fill these. */
  readonly larger: BufferPool | undefined;

  /**
   * @param size bytes of each buffer
   * @param keep how many unused ones are kept for the next session; more are left to the collector
   */
  constructor(size: number, keep = 16, larger?: BufferPool) {
    this.size = size;
    this.#keep = keep;
    this.larger = larger;
  }

  /** A buffer with whatever bytes its last holder left in it. */
  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(this.size);
  }

  /**
   * Takes a buffer back. Never give one back that a failed or abandoned read may still fill: let
   * the collector have it.
   */
  give(buffer: Uint8Array): void {
    if (this.#free.length < this.#keep) this.#free.push(buffer);
  }

  /** Leaves all that are unused to the collector. */
  release(): void {
    this.#free.length = 0;
  }
}

/**
 * 512 KiB: where one-way throughput of a relay over the runtime's sockets stops growing (at 256 KiB
 * it is a tenth less, above it nothing is gained).
 */
export const bulkBuffers: BufferPool = new BufferPool(512 * 1024);

/**
 * What the reads of a stream begin with. Hundreds of sessions may be awake at once, with a request
 * of some bytes each: half a megabyte for every one of them, cleared by the system, would cost six
 * times as much as all else that is done for it.
 */
export const smallBuffers: BufferPool = new BufferPool(8 * 1024, 256, bulkBuffers);

/** For a program at rest: what its busy time needed is not kept for the next one. */
export function releaseBuffers(): void {
  smallBuffers.release();
  bulkBuffers.release();
}

/** A read of less took all that was queued. */
const leastOfBurst = 4 * 1024;

/**
 * True where the next read will find something at once, so that the buffer is worth keeping. Where
 * the transport cannot tell, a read that filled the buffer is taken for a sign of more.
 *
 * @param last how many bytes the last read gave
 */
export function moreIsThere(from: Duplex, last: number, buffer: Uint8Array): boolean {
  // Short reads are the end of a burst; asking after each would cost every session the search for
  // its descriptor.
  if (last < leastOfBurst) return false;
  const unread = from.unread?.() ?? null;
  return unread === null ? last === buffer.length : unread > 0;
}
