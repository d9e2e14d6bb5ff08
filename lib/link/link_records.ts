/**
 * Records on a carrier of a link: a length of 2 bytes, big-endian, and a body that holds whole
 * frames. Sealed, the body ends with a tag of 16 bytes. `PROTOCOL.md`, "Records".
 *
 * The first record of each direction is always sealed, also where both sides have agreed to seal
 * nothing: it proves that its sender holds the keys of this handshake, and so has not replayed the
 * first message of another.
 * @module
 */

import { NetError } from "../core/error.ts";
import { type CipherState, giveBack, tagBytes } from "../wire/noise_cipher.ts";

/** Bytes before the body of a record. */
export const recordHeadBytes = 2;
/** Longest body: what the length can say, and the longest message of Noise. */
export const maximumBodyBytes = 0xffff;
/** Most bytes that a record takes up. */
export const maximumRecordBytes: number = recordHeadBytes + maximumBodyBytes;

/** Writes the head of a record whose body is there already. */
export function putRecordHead(bytes: Uint8Array, at: number, bodyBytes: number): void {
  bytes[at] = bodyBytes >>> 8;
  bytes[at + 1] = bodyBytes & 0xff;
}

/** Puts records of one direction together. */
export class RecordWriter {
  readonly #cipher: CipherState;
  readonly #sealsAll: boolean;

  constructor(cipher: CipherState, sealsAll: boolean) {
    this.#cipher = cipher;
    this.#sealsAll = sealsAll;
  }

  /** True where the next record is sealed. */
  get seals(): boolean {
    return this.#sealsAll || this.#cipher.records === 0;
  }

  /**
   * Makes one record at `at`, of what `fill` puts into the place that it is given.
   *
   * @param fill gives how many bytes it has put; 0: nothing is to be said, and no record is made
   * @returns where the next record begins: `at` where none was made, also for want of room
   * @throws {NetError} kind "limit" when the numbers of the cipher are used up
   */
  put(batch: Uint8Array, at: number, fill: (into: Uint8Array) => number): number {
    const { seals } = this;
    const extra = seals ? tagBytes : 0;
    const start = at + recordHeadBytes;
    // Not sealed, a record holds no more than it would sealed: what a reader keeps is the same.
    const room = Math.min(batch.length - start - extra, maximumBodyBytes - tagBytes);
    if (room <= 0) return at;
    const plain = fill(batch.subarray(start, start + room));
    if (plain === 0) return at;
    if (seals) this.#cipher.seal(batch.subarray(start, start + plain), batch, start);
    putRecordHead(batch, at, plain + extra);
    return start + plain + extra;
  }
}

/** Takes records of one direction apart. */
export class RecordReader {
  readonly #cipher: CipherState;
  readonly #sealsAll: boolean;
  /** Where the last `next` has stopped: behind the record that it gave. */
  end = 0;
  /** What the last `next` has opened, and nobody looks at any more when it is called again. */
  #opened: Uint8Array | null = null;

  constructor(cipher: CipherState, sealsAll: boolean) {
    this.#cipher = cipher;
    this.#sealsAll = sealsAll;
  }

  /**
   * Reads the record that begins at `from`.
   *
   * @param to end of what has come
   * @returns its plain bytes, valid until the next call; null while a part of it is missing
   * @throws {NetError} kind "protocol" where it is empty or cannot be opened: the carrier is over
   */
  next(bytes: Uint8Array, from: number, to: number): Uint8Array | null {
    this.end = from;
    if (this.#opened !== null) giveBack(this.#opened);
    this.#opened = null;
    const start = from + recordHeadBytes;
    if (start > to) return null;
    const length = ((bytes[from] ?? 0) << 8) | (bytes[from + 1] ?? 0);
    const isSealed = this.#sealsAll || this.#cipher.records === 0;
    if (length <= (isSealed ? tagBytes : 0)) throw fault(`a record of ${length} bytes is empty`);
    if (start + length > to) return null;
    this.end = start + length;
    const body = bytes.subarray(start, this.end);
    if (!isSealed) return body;
    const plain = this.#cipher.open(body);
    if (plain === null) throw fault("a record cannot be opened: it was changed on the way");
    return this.#opened = plain;
  }
}

function fault(message: string): NetError {
  return new NetError({ kind: "protocol", op: "link", message, blame: "remote" });
}
