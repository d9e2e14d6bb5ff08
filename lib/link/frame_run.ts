/**
 * Long frames that lie one behind the other, as the records of a carrier that seals nothing.
 * @module
 */

import type { FrameMemory, OutFrame } from "./frame_memory.ts";
import { type Slab, slabGapBytes } from "./frame_slab.ts";
import { putRecordHead } from "./link_records.ts";

/** Records that are to be written. */
export interface OutgoingRecords {
  /** One behind the other. */
  readonly bytes: Uint8Array;
  /** The system has taken them all: their memory is free. */
  taken(): void;
}

/** Records to be written as they lie. */
export class FrameRun implements OutgoingRecords {
  readonly #memory: FrameMemory;
  readonly #slab: Slab;
  readonly #start: number;
  #end: number;

  /** A run without frames that begins with this one. Its memory is held until `taken`. */
  constructor(memory: FrameMemory, first: OutFrame, slab: Slab) {
    this.#memory = memory;
    this.#slab = slab;
    this.#start = this.#end = first.offset - slabGapBytes;
    slab.holders++;
  }

  /** The records. */
  get bytes(): Uint8Array {
    return this.#slab.bytes.subarray(this.#start, this.#end);
  }

  /** Takes one frame more. @returns false where it lies elsewhere */
  add(frame: OutFrame): boolean {
    const head = frame.offset - slabGapBytes;
    if (frame.slab !== this.#slab || head !== this.#end) return false;
    putRecordHead(this.#slab.bytes, head, frame.length);
    this.#end = frame.offset + frame.length;
    return true;
  }

  /**
   * The system has taken the records. Until then the memory is not another's, also where the peer
   * acknowledges what it cannot have received yet.
   */
  taken(): void {
    this.#memory.release(this.#slab);
  }
}
