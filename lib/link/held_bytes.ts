/**
 * Bytes that wait for a connection, bounded.
 * @module
 */

/** What a held message costs besides its bytes: without it, empty ones would be held for ever. */
const messageOverhead = 32;

/** A stream is held in blocks: written byte by byte, it must not cost an object for each. */
const blockBytes = 16 * 1024;

/** Bytes from `from` to `to` are held. */
interface Block {
  readonly bytes: Uint8Array;
  from: number;
  to: number;
}

/** A queue of copies: bytes in order, or messages whole. */
export class HeldBytes {
  readonly #maximum: number;
  readonly #isMessages: boolean;
  readonly #blocks: Block[] = [];
  #size = 0;

  /**
   * @param maximum bytes that are held at most; a message counts for 32 more than it has
   * @param isMessages keeps what each `put` was given apart
   */
  constructor(maximum: number, isMessages: boolean) {
    this.#maximum = maximum;
    this.#isMessages = isMessages;
  }

  /** Bytes that are held. */
  get size(): number {
    return this.#size;
  }

  /** True where nothing is held, not even an empty message. */
  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /**
   * Copies as many bytes as there is room for; a message whole or not at all.
   *
   * @returns how many were taken, or null for a message that does not fit
   */
  put(chunk: Uint8Array): number | null {
    if (this.#isMessages) return this.#putMessage(chunk);
    const count = Math.min(this.#maximum - this.#size, chunk.length);
    for (let at = 0; at < count;) at += this.#append(chunk.subarray(at, count));
    return count;
  }

  #putMessage(chunk: Uint8Array): number | null {
    const cost = this.#size + (this.#blocks.length + 1) * messageOverhead;
    if (cost + chunk.length > this.#maximum) return null;
    this.#blocks.push({ bytes: chunk.slice(), from: 0, to: chunk.length });
    this.#size += chunk.length;
    return chunk.length;
  }

  #append(chunk: Uint8Array): number {
    let last = this.#blocks.at(-1);
    if (last === undefined || last.to === last.bytes.length) {
      last = { bytes: new Uint8Array(Math.min(blockBytes, this.#maximum)), from: 0, to: 0 };
      this.#blocks.push(last);
    }
    const count = Math.min(chunk.length, last.bytes.length - last.to);
    last.bytes.set(chunk.subarray(0, count), last.to);
    last.to += count;
    this.#size += count;
    return count;
  }

  /** What goes next, a view; it stays held, and as it is, until it is taken off. */
  first(): Uint8Array | undefined {
    const block = this.#blocks[0];
    return block?.bytes.subarray(block.from, block.to);
  }

  /** Takes bytes of the first chunk off the queue; a message goes whole, whatever the count. */
  takeOff(count: number): void {
    const block = this.#blocks[0];
    if (block === undefined) return;
    const taken = this.#isMessages ? block.to - block.from : Math.min(count, block.to - block.from);
    block.from += taken;
    this.#size -= taken;
    if (block.from === block.to) this.#blocks.shift();
  }

  /** Throws all of it away. @returns how many bytes that were */
  clear(): number {
    const size = this.#size;
    this.#blocks.length = 0;
    this.#size = 0;
    return size;
  }
}
