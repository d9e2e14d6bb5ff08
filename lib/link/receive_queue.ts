/**
 * What was received on a channel and not read yet: bytes, or messages with a length before each.
 * @module
 */

import { BufferPool, bulkBuffers } from "../stream/buffer_pool.ts";

/** Pieces that the queue is made of. Ten waiting bytes do not hold 64 KiB. */
const small = 1024;
const pieces: BufferPool = new BufferPool(64 * 1024, 64);
const smallPieces: BufferPool = new BufferPool(small, 256);
const pools: readonly BufferPool[] = [smallPieces, pieces, bulkBuffers];

/** A window of so much was earned by a stream that is read fast: its pieces are as a relay's. */
const leastForBulk = 2 * bulkBuffers.size;

/** Bytes of the length before each message. */
const lengthBytes = 4;

/** Bytes in, bytes out; memory is what waits, and at most one piece more. */
export class ReceiveQueue {
  #pieces: Uint8Array[] = [];
  /** Where reading goes on in the first piece, and writing in the last. */
  #start = 0;
  #end = 0;
  #size = 0;
  /** Bytes of the piece at hand that were taken, for messages. */
  readonly #length = new Uint8Array(lengthBytes);

  /** Bytes that wait; with messages, their lengths included. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of memory that it holds. */
  get memory(): number {
    let sum = 0;
    for (const piece of this.#pieces) sum += piece.length;
    return sum;
  }

  /** Copies bytes in. @param window how many there may be in all, at present */
  append(bytes: Uint8Array, start: number, end: number, window = 0): void {
    for (let at = start; at < end;) {
      let last = this.#pieces[this.#pieces.length - 1];
      if (last === undefined || this.#end === last.length) {
        // Small while little waits: a slow reader of a trickle would hold 64 KiB otherwise.
        const isSmall = this.#size + end - at <= small;
        const isBulk = window >= leastForBulk;
        last = (isSmall ? smallPieces : isBulk ? bulkBuffers : pieces).take();
        this.#pieces.push(last);
        this.#end = 0;
      }
      const length = Math.min(end - at, last.length - this.#end);
      last.set(bytes.subarray(at, at + length), this.#end);
      this.#end += length;
      this.#size += length;
      at += length;
    }
  }

  /** Copies bytes out, as many as there are and fit. */
  read(into: Uint8Array): number {
    let done = 0;
    while (done < into.length && this.#size > 0) done += this.#take(into, done);
    return done;
  }

  /** Takes out the first piece, for `giveBack`; there must be one. @returns the bytes in it */
  lend(): Uint8Array {
    const start = this.#start;
    const end = this.#pieces.length === 1 ? this.#end : undefined;
    const bytes = (this.#pieces.shift() ?? dropped).subarray(start, end);
    this.#size -= bytes.length;
    this.#start = 0;
    return bytes;
  }

  /** Copies a message in. */
  appendMessage(bytes: Uint8Array, start: number, end: number): void {
    new DataView(this.#length.buffer).setUint32(0, end - start);
    this.append(this.#length, 0, lengthBytes);
    this.append(bytes, start, end);
  }

  /**
   * Copies a message out; there must be one.
   *
   * @returns its length; where that is more than fits, the rest of it is dropped
   */
  readMessage(into: Uint8Array): number {
    this.read(this.#length);
    const length = new DataView(this.#length.buffer).getUint32(0);
    let left = length - this.read(into.subarray(0, Math.min(length, into.length)));
    while (left > 0) left -= this.read(dropped.subarray(0, left));
    return length;
  }

  /** Forgets all and gives the memory back. */
  clear(): void {
    for (const piece of this.#pieces) give(piece);
    this.#pieces = [];
    this.#start = this.#end = this.#size = 0;
  }

  #take(into: Uint8Array, at: number): number {
    const first = this.#pieces[0];
    if (first === undefined) return 0;
    const end = this.#pieces.length === 1 ? this.#end : first.length;
    const length = Math.min(into.length - at, end - this.#start);
    into.set(first.subarray(this.#start, this.#start + length), at);
    this.#start += length;
    this.#size -= length;
    if (this.#start === end) {
      // At most some tens of pieces: the window bounds them.
      this.#pieces.shift();
      give(first);
      this.#start = 0;
    }
    return length;
  }
}

const dropped = new Uint8Array(1024);

function give(piece: Uint8Array): void {
  pools.find(({ size }) => size === piece.length)?.give(piece);
}

/** Takes back what a queue has lent: nobody looks at it any more. */
export function giveBack(lent: Uint8Array): void {
  give(new Uint8Array(lent.buffer));
}
