/**
 * Memory in which the long frames of one large write lie one behind the other, so that a carrier
 * that seals nothing takes them from there: what is kept for sending again is what is sent.
 * @module
 */

import { recordHeadBytes } from "./link_records.ts";

/** Free before each frame, for the head of its record. */
export const slabGapBytes: number = recordHeadBytes;

/** A write of 512 KiB, which is what a relay reads at once, with the heads of its nine frames. */
export const slabBytes: number = 513 * 1024;

/** Unused slabs that are kept for all sessions of the process: the window of one fast stream. */
const kept = 8;

const free: Slab[] = [];

/** One piece of memory. It is free again once nobody holds it. */
export class Slab {
  readonly bytes: Uint8Array = new Uint8Array(slabBytes);
  /** Where the next frame may begin, gap included. */
  end = 0;
  /** Frames in it, and writes under way from it. */
  holders = 0;

  /** An empty one. */
  static take(): Slab {
    return free.pop() ?? new Slab();
  }

  /** One holder less. @returns true where it was the last: the slab is another's from now on */
  release(): boolean {
    if (--this.holders > 0) return false;
    this.end = 0;
    if (free.length < kept) free.push(this);
    return true;
  }
}
