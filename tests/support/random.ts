/**
 * Random bytes from a seed: the same on every run, on both ends of a wire, and too irregular for a
 * lost, doubled or swapped block to go unseen.
 * @module
 */

/** A generator (xorshift32, Marsaglia 2003, "Xorshift RNGs", triple 13 17 5) that fills buffers. */
export class SeededBytes {
  #state: number;

  constructor(seed: number) {
    // Zero is the one state that xorshift never leaves.
    this.#state = (seed | 0) === 0 ? 0x9e3779b9 | 0 : seed | 0;
  }

  /** Fills the whole buffer; returns it. */
  fill<T extends Uint8Array<ArrayBuffer>>(into: T): T {
    let state = this.#state;
    const words = into.length >>> 2;
    const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
    for (let word = 0; word < words; word++) {
      state = next(state);
      view.setInt32(word * 4, state, true);
    }
    for (let at = words * 4; at < into.length; at++) {
      state = next(state);
      into[at] = state;
    }
    this.#state = state;
    return into;
  }

  /** A whole number from 0 up to, not including, `bound`. */
  below(bound: number): number {
    this.#state = next(this.#state);
    return (this.#state >>> 0) % bound;
  }
}

/** So many bytes of a seed. */
export function randomBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return new SeededBytes(seed).fill(new Uint8Array(length));
}

/** So many bytes of a seed as a stream, without ever holding them all. */
export function randomStream(
  length: number,
  seed = 1,
  chunkBytes = 256 * 1024,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const source = new SeededBytes(seed);
  let left = length;
  return new ReadableStream({
    pull(controller) {
      const chunk = source.fill(new Uint8Array(Math.min(left, chunkBytes)));
      left -= chunk.length;
      if (chunk.length > 0) controller.enqueue(chunk);
      if (left === 0) controller.close();
    },
  });
}

function next(state: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  return state ^ (state << 5);
}
