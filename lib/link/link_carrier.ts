/**
 * A carrier in use: records from one side of it to the other, by one loop that reads and one that
 * writes. What is in them is its user's.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import { BufferPool } from "../stream/buffer_pool.ts";
import type { OutgoingRecords } from "./frame_run.ts";
import type { CarrierRecords } from "./link_handshake.ts";
import { maximumRecordBytes } from "./link_records.ts";

/** Whose records a carrier carries. */
export interface CarrierUser {
  /** Takes the frames of one record; they are valid within the call. */
  receive(record: Uint8Array): void;
  /** Something came: bytes, and all records that are whole with them were received. */
  received(): void;
  /** Puts frames into `into`. @returns how many bytes; 0: there is nothing to say */
  pull(into: Uint8Array): number;
  /** Records that need not be copied, if these are what is to be said next; of plain ones only. */
  pullRun(most: number): OutgoingRecords | null;
}

/** What a carrier has carried, records and all. */
export interface CarrierFlows {
  /** Bytes that came. */
  bytesIn: number;
  /** Bytes that the system has taken. */
  bytesOut: number;
}

/**
 * Most that one write takes of what is to be said, and one read of what came: the 512 KiB that a
 * relay reads at once in records, one that holds an acknowledgement alone, and what is left over.
 * Half of it costs a fifth of the throughput; what is said after it waits until the system has
 * taken it, so that a heartbeat never stands behind more than this.
 */
const batches = new BufferPool(10 * maximumRecordBytes);

/**
 * A read of less ends a burst, and the buffer is given back. While more than that comes it is kept
 * for the next read, without a question whether there is one: a stream that stops keeps it until
 * the next heartbeat.
 */
const leastOfBurst = 4 * 1024;

/** Drives one carrier to its end. It owns the carrier. */
export class LinkCarrier {
  /** Bytes so far. */
  readonly flows: CarrierFlows = { bytesIn: 0, bytesOut: 0 };
  readonly #carrier: Duplex;
  readonly #records: CarrierRecords;
  readonly #user: CarrierUser;
  readonly #over = Promise.withResolvers<NetError | null>();
  #isOver = false;
  #writing: Promise<void> | undefined;
  #isClosing = false;

  /** Moves nothing before `run`. */
  constructor(carrier: Duplex, records: CarrierRecords, user: CarrierUser) {
    this.#carrier = carrier;
    this.#records = records;
    this.#user = user;
  }

  /**
   * Carries until it is over, and closes it.
   *
   * @returns what broke it; null where either side closed it in order. Never rejects.
   */
  async run(): Promise<NetError | null> {
    const reading = this.#read();
    this.wake();
    const error = await this.#over.promise;
    if (error === null) await this.#writing;
    else this.#carrier.abort(error);
    await this.#carrier[Symbol.asyncDispose]();
    await Promise.all([reading, this.#writing]);
    return error;
  }

  /** Says that there may be something to say. Cheap where there is not. */
  wake(): void {
    if (this.#writing !== undefined || this.#isOver) return;
    const first = this.#next();
    if (first !== null) this.#writing = this.#write(first);
  }

  /** Ends it in order, once all that is to be said was taken. Idempotent. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.wake();
    if (this.#writing === undefined) this.#end(null);
    else void this.#writing.then(() => this.#end(null));
  }

  /** Ends it at once. @param error what `run` gives */
  drop(error: NetError): void {
    this.#end(error);
    this.#carrier.abort(error);
  }

  #end(error: NetError | null): void {
    this.#isOver = true;
    this.#over.resolve(error);
  }

  /** What is to be said next; null: nothing, or no more. */
  #next(): OutgoingRecords | null {
    if (this.#isOver) return null;
    try {
      const run = this.#records.writer.seals ? null : this.#user.pullRun(batches.size);
      return run ?? this.#fill(batches.take());
    } catch (thrown) {
      this.#end(toNetError(thrown, "link"));
      return null;
    }
  }

  /** Puts records into the batch for as long as there is something to say. */
  #fill(batch: Uint8Array): OutgoingRecords | null {
    let end = 0;
    while (end + maximumRecordBytes <= batch.length) {
      const next = this.#records.writer.put(batch, end, this.#pull);
      if (next === end) break;
      end = next;
    }
    const taken = () => batches.give(batch);
    if (end > 0) return { bytes: batch.subarray(0, end), taken };
    taken();
    return null;
  }

  readonly #pull = (into: Uint8Array): number => this.#user.pull(into);

  async #write(first: OutgoingRecords): Promise<void> {
    try {
      for (let next: OutgoingRecords | null = first; next !== null; next = this.#next()) {
        const { bytes } = next;
        await this.#carrier.write(bytes);
        this.flows.bytesOut += bytes.length;
        next.taken();
      }
    } catch (thrown) {
      // Their memory is left to the collector: a write that failed may still read it.
      this.#end(toNetError(thrown, "link", this.#carrier.remote.text, "remote"));
    }
    this.#writing = undefined;
  }

  async #read(): Promise<void> {
    try {
      while (!this.#isOver && await this.#burst());
      this.#end(null);
    } catch (thrown) {
      this.#end(toNetError(thrown, "link", this.#carrier.remote.text, "remote"));
    }
  }

  /**
   * Reads for as long as much comes; between bursts no buffer is held.
   *
   * @returns false at the end of input
   */
  async #burst(): Promise<boolean> {
    const carrier = this.#carrier;
    await carrier.readable?.();
    // A carrier that cannot wait without a buffer holds it for all of its life: a smaller one.
    const isShared = carrier.readable !== undefined;
    const buffer = isShared ? batches.take() : new Uint8Array(2 * maximumRecordBytes);
    let filled = 0;
    for (;;) {
      const count = await carrier.read(buffer.subarray(filled));
      if (count === null) {
        if (filled > 0) throw cutWithin();
        break;
      }
      this.flows.bytesIn += count;
      filled = this.#take(buffer, filled + count);
      if (this.#isOver) break;
      if (isShared && filled === 0 && count < leastOfBurst) {
        batches.give(buffer);
        return true;
      }
    }
    if (isShared) batches.give(buffer);
    return false;
  }

  /** Gives every whole record to the user. @returns bytes of the one that is not whole yet */
  #take(buffer: Uint8Array, filled: number): number {
    const { reader } = this.#records;
    let from = 0;
    for (;;) {
      const record = reader.next(buffer, from, filled);
      if (record === null) break;
      from = reader.end;
      this.#user.receive(record);
      if (this.#isOver) break;
    }
    this.#user.received();
    if (from > 0) buffer.copyWithin(0, from, filled);
    return filled - from;
  }
}

function cutWithin(): NetError {
  const message = "the carrier ended within a record";
  return new NetError({ kind: "reset", op: "link", message, blame: "remote" });
}
