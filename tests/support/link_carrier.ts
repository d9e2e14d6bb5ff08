/**
 * A carrier of a link that only exists in memory and in virtual time: it delays, delivers in odd
 * chunks, cuts at any byte, and swallows.
 * @module
 */

import { maximumFrameBytes } from "../../lib/wire/link_frame.ts";

/** Bytes under way in one direction, at most; a writer waits beyond. */
const capacity = 256 * 1024;

const free: Uint8Array<ArrayBuffer>[] = [];
const freeRecords: Uint8Array<ArrayBuffer>[] = [];

/** One direction: records go in, bytes go through, records come out. */
export class LossyPipe {
  #bytes = free.pop() ?? new Uint8Array(capacity);
  #start = 0;
  #end = 0;
  /** Bytes that will still arrive before the cut; Infinity: it was not cut. */
  #last = Infinity;
  /** Swallows all from now on, and nobody is told. */
  isHole = false;
  readonly #head = new Uint8Array(2);
  #record = freeRecords.pop() ?? new Uint8Array(65_535);
  /** Of the record that arrives: bytes that are there, head included. */
  #arrived = 0;

  /** Bytes under way. */
  get size(): number {
    return this.#end - this.#start;
  }

  /** True where one more record fits. */
  get hasRoom(): boolean {
    return this.size + maximumFrameBytes + 2 <= capacity;
  }

  /** True where the cut has been reached: the reader sees the end. */
  get hasEnded(): boolean {
    return this.#last === 0 || (this.#last !== Infinity && this.size === 0);
  }

  /** Bytes of records that it takes now. */
  get room(): number {
    return capacity - this.size;
  }

  /** Takes records that are whole; there must be room. */
  putRecords(records: Uint8Array): void {
    this.#makeRoom(records.length);
    if (this.isHole || this.#last !== Infinity) return;
    this.#bytes.set(records, this.#end);
    this.#end += records.length;
  }

  #makeRoom(bytes: number): void {
    if (this.#end + bytes <= capacity) return;
    this.#bytes.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  /** Lets `fill` write a record into the carrier; 0 bytes are none. */
  put(fill: (into: Uint8Array) => number): number {
    this.#makeRoom(maximumFrameBytes + 2);
    const at = this.#end + 2;
    const length = fill(this.#bytes.subarray(at, at + maximumFrameBytes));
    if (length === 0 || this.isHole || this.#last !== Infinity) return length;
    this.#bytes[at - 2] = length >>> 8;
    this.#bytes[at - 1] = length;
    this.#end = at + length;
    return length;
  }

  /** So many bytes arrive; each record that is whole is handed on. */
  deliver(most: number, take: (record: Uint8Array) => void): void {
    if (this.isHole) this.#start = this.#end;
    let left = Math.min(most, this.size, this.#last);
    this.#last -= left;
    while (left > 0) {
      const wanted = this.#arrived < 2 ? 2 : 2 + ((this.#head[0] ?? 0) << 8 | (this.#head[1] ?? 0));
      const length = Math.min(left, wanted - this.#arrived);
      const from = this.#bytes.subarray(this.#start, this.#start + length);
      if (this.#arrived < 2) this.#head.set(from, this.#arrived);
      else this.#record.set(from, this.#arrived - 2);
      this.#arrived += length;
      this.#start += length;
      left -= length;
      if (this.#arrived === wanted && wanted > 2) {
        this.#arrived = 0;
        take(this.#record.subarray(0, wanted - 2));
      }
    }
  }

  /** Cuts it: of what is under way, so many bytes still arrive. */
  cut(bytes: number): void {
    this.#last = Math.min(this.#last, bytes, this.size);
  }

  /** Gives its memory back. */
  release(): void {
    free.push(this.#bytes);
    freeRecords.push(this.#record);
    this.#bytes = this.#record = new Uint8Array(0);
    this.#start = this.#end = this.#last = 0;
  }
}

/** Both directions, and what each end calls the carrier. */
export class LossyCarrier {
  readonly toServer = new LossyPipe();
  readonly toClient = new LossyPipe();
  /** What `attach` of the client gave. */
  readonly client: number;
  /** What `attach` of the server gave; null until the client's first record has arrived. */
  server: number | null = null;

  constructor(client: number) {
    this.client = client;
  }

  /** True once the server would not have it. */
  isRefused = false;

  /** Cuts both directions. */
  cut(toServer: number, toClient: number): void {
    this.toServer.cut(toServer);
    this.toClient.cut(toClient);
  }

  /** Swallows both directions. */
  swallow(): void {
    this.toServer.isHole = this.toClient.isHole = true;
  }

  release(): void {
    this.toServer.release();
    this.toClient.release();
  }
}
