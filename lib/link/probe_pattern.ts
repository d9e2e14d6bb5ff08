/**
 * The bytes of an echo request: a function of its number, so that nothing of it has to be kept to
 * compare it with what comes back, and no request has the bytes of another.
 * @module
 */

import type { EchoDifference } from "./prober.ts";

/** Bytes of the number at the head of a message. */
export const sequenceBytes = 4;

/** Makes requests and compares echoes. */
export class ProbePattern {
  /** Bytes of a request. */
  readonly size: number;
  readonly #seed: number;
  readonly #expected: Uint8Array;
  #expectedSequence = 0;

  /**
   * @param size bytes of each request, at least 1
   * @param seed tells the requests of one run from those of another
   */
  constructor(size: number, seed: number) {
    this.size = size;
    this.#seed = seed;
    this.#expected = new Uint8Array(size);
  }

  /** Writes the request of a number into `into`, which has `size` bytes. */
  fill(sequence: number, into: Uint8Array): void {
    // xorshift32 (Marsaglia 2003): every value of a byte comes up, and it has no zero state.
    let state = ((sequence * 0x9e3779b1) ^ this.#seed) >>> 0 || 1;
    for (let at = 0; at < into.length; at++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      into[at] = state >>> 24;
    }
    if (into.length < sequenceBytes) return;
    new DataView(into.buffer, into.byteOffset, into.length).setUint32(0, sequence);
  }

  /** The number that a message claims to be the echo of; 0 where it is too short for one. */
  sequenceOf(message: Uint8Array): number {
    if (message.length < sequenceBytes) return 0;
    return new DataView(message.buffer, message.byteOffset, message.length).getUint32(0);
  }

  /**
   * Compares a part of an echo, from an offset on.
   *
   * @param whole true where the echo ends with this part: a length that differs counts, too
   * @returns the first difference, or null
   */
  difference(
    sequence: number,
    offset: number,
    part: Uint8Array,
    whole: boolean,
  ): EchoDifference | null {
    if (sequence !== this.#expectedSequence) {
      this.fill(sequence, this.#expected);
      this.#expectedSequence = sequence;
    }
    for (let at = 0; at < part.length; at++) {
      const sent = this.#expected[offset + at] ?? null;
      const received = part[at] ?? null;
      if (sent !== received) return { offset: offset + at, sent, received };
    }
    const end = offset + part.length;
    if (!whole || end === this.size) return null;
    return { offset: end, sent: this.#expected[end] ?? null, received: null };
  }
}
