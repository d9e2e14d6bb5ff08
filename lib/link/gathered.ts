/**
 * A known number of bytes that come in pieces.
 * @module
 */

/** Collects exactly as many bytes as were asked for. */
export class Gathered {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #filled = 0;

  /** @param length bounded by the caller: memory for it is taken at once */
  constructor(length: number) {
    this.#bytes = new Uint8Array(length);
  }

  /** Bytes that are missing. */
  get missing(): number {
    return this.#bytes.length - this.#filled;
  }

  /** What has come so far. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#filled);
  }

  /** Takes what is missing of `chunk`, copying it. @returns how many bytes it took */
  take(chunk: Uint8Array): number {
    const taken = chunk.subarray(0, this.missing);
    this.#bytes.set(taken, this.#filled);
    this.#filled += taken.length;
    return taken.length;
  }
}
