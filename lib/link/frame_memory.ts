/**
 * Where frames lie from the moment they are written until the peer has acknowledged them.
 *
 * The bytes of a `write` are copied once, into the frame that is sent, sent again and forgotten.
 * Frames are pooled by size, so that a stream makes no garbage and a frame of ten bytes does not
 * hold 64 KiB of the bound. Those of a large write lie in one slab, where nothing of it is unused.
 * @module
 */

import { dataHeaderBytes, maximumFrameBytes } from "../wire/link_frame.ts";
import { Slab, slabBytes, slabGapBytes } from "./frame_slab.ts";

/**
 * Capacities of frames: control, a TCP segment or 1 KiB, 16 KiB (a TLS record), the largest; with
 * room for the head. What is accounted is the capacity, because that is what is held.
 */
const sizes = [64, 2 * 1024, 18 * 1024, 64 * 1024] as const;

/** Unused frames of each size that are kept for all sessions of the process: at most 8 MiB. */
const kept = [1024, 1024, 64, 64] as const;

const free: OutFrame[][] = sizes.map(() => []);

const noBytes = new Uint8Array(0);

/** What a frame of the largest kind counts as. */
export const largestFrameMemory: number = sizes[3];

/** One frame on its way. Intrusive list: it is in the queue of its channel or in the replay. */
export class OutFrame {
  /** Header and body; `length` of it is used. Swapped when the frame shrinks. */
  bytes: Uint8Array;
  /** Index of its size; -1 in a slab. */
  sizeClass: number;
  /** Where it lies; null: in memory of its own. */
  slab: Slab | null = null;
  /** Where it begins in its slab. */
  offset = 0;
  /** Bytes that are written. */
  length = 0;
  /** Type byte, as the frame will have it. */
  type = 0;
  /** Channel, for data. */
  channel = 0;
  /** Monotonic time (ms) after which it is not worth sending; Infinity: always. */
  expiresMs = Infinity;
  /** The next one in its list. */
  next: OutFrame | null = null;

  /** Use `FrameMemory.take`. */
  constructor(sizeClass: number) {
    this.sizeClass = sizeClass;
    this.bytes = sizeClass < 0 ? noBytes : new Uint8Array(sizes[sizeClass] ?? 0);
  }

  /** Bytes that still fit. */
  get room(): number {
    return Math.min(this.bytes.length, maximumFrameBytes) - this.length;
  }

  /** Bytes of data in a DATA or MESSAGE. */
  get dataLength(): number {
    return this.length - dataHeaderBytes;
  }
}

/** The frames of one session, counted. */
export class FrameMemory {
  #used = 0;
  /** The slab that the last long frame lies in; null: nothing is held in one. */
  #slab: Slab | null = null;

  /** Bytes that are held. */
  get used(): number {
    return this.#used;
  }

  /** What a frame of so many bytes would count as. */
  static costOf(length: number): number {
    return sizes[classOf(length)] ?? 0;
  }

  /** A frame with room for so many bytes; empty. */
  take(length: number): OutFrame {
    const sizeClass = classOf(length);
    const frame = free[sizeClass]?.pop() ?? new OutFrame(sizeClass);
    this.#used += frame.bytes.length;
    return frame;
  }

  /** A frame of exactly so many bytes, where it can behind the last one of this kind; empty. */
  carve(length: number): OutFrame {
    let slab = this.#slab;
    if (slab === null || slab.end + slabGapBytes + length > slabBytes) {
      slab = this.#slab = Slab.take();
    }
    const frame = new OutFrame(-1);
    frame.slab = slab;
    frame.offset = slab.end + slabGapBytes;
    slab.end = frame.offset + length;
    slab.holders++;
    frame.bytes = slab.bytes.subarray(frame.offset, slab.end);
    this.#used += length;
    return frame;
  }

  /** One holder of a slab less. */
  release(slab: Slab): void {
    if (slab.release() && slab === this.#slab) this.#slab = null;
  }

  /** Takes a frame back; it must be in no list. */
  give(frame: OutFrame): void {
    this.#used -= frame.bytes.length;
    if (frame.slab !== null) {
      this.release(frame.slab);
      return void (frame.slab = null); // not used again: it is small, and its bytes are another's
    }
    frame.length = 0;
    frame.type = 0;
    frame.channel = 0;
    frame.expiresMs = Infinity;
    frame.next = null;
    const list = free[frame.sizeClass];
    if (list !== undefined && list.length < (kept[frame.sizeClass] ?? 0)) list.push(frame);
  }

  /** Takes back a list of frames. */
  giveAll(first: OutFrame | null): void {
    for (let frame = first; frame !== null;) {
      const next = frame.next;
      this.give(frame);
      frame = next;
    }
  }

  /** Gives a frame a buffer of the smallest size, in its place in the list; its bytes are lost. */
  shrink(frame: OutFrame): void {
    if (frame.sizeClass === 0) return;
    const small = this.take(1);
    const { bytes, sizeClass } = frame;
    frame.bytes = small.bytes;
    frame.sizeClass = small.sizeClass;
    small.bytes = bytes;
    small.sizeClass = sizeClass;
    this.give(small);
  }
}

function classOf(length: number): number {
  for (let sizeClass = 0; sizeClass < sizes.length; sizeClass++) {
    if (length <= (sizes[sizeClass] ?? 0)) return sizeClass;
  }
  throw new RangeError(`a frame of ${length} bytes`);
}
