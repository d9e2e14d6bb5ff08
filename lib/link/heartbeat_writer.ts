/**
 * One session, two who write to it: its data and its heartbeat. Signs of life go first, between two
 * pieces of data.
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { AckWatch } from "./ack_watch.ts";
import type { Dialect } from "./heartbeat_dialect.ts";

/** Answers that wait at most: a peer that asks and never reads must not fill the memory. */
const mostWaiting = 64;

/** A write of the session's user. */
interface DataWrite {
  /** What is not packed yet. */
  left: Uint8Array;
  /** False until the first piece: an empty message is one, too. */
  hasBegun: boolean;
  readonly resolve: () => void;
  readonly reject: (error: NetError) => void;
}

/** Writes in turn. */
export class HeartbeatWriter {
  readonly #inner: Duplex;
  readonly #dialect: Dialect;
  readonly #acks: AckWatch;
  readonly #clock: Clock;
  readonly #waiting: Uint8Array[] = [];
  #beatIsDue = false;
  #data: DataWrite | undefined;
  #ending: PromiseWithResolvers<void> | undefined;
  #isWriting = false;
  #failure: NetError | undefined;
  #handedOver = 0;
  /** When data was last written (monotonic ms). */
  dataSentMs = -Infinity;
  /** This side's end was passed on. */
  hasEnded = false;

  constructor(inner: Duplex, dialect: Dialect, acks: AckWatch, clock: Clock) {
    this.#inner = inner;
    this.#dialect = dialect;
    this.#acks = acks;
    this.#clock = clock;
  }

  /** Bytes of data that went to the session inside; of a write under way all that was packed. */
  get handedOver(): number {
    return this.#handedOver;
  }

  /** Bytes of a write under way that were not packed yet. */
  get unwritten(): number {
    return this.#data?.left.length ?? 0;
  }

  /** True where nothing more can be written. */
  get isBroken(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Puts something before the data.
   *
   * @param isCredit never left out: the peer would have the less to send for ever. It bounds itself
   */
  say(bytes: Uint8Array, isCredit = false): void {
    if (this.#waiting.length >= mostWaiting && !isCredit) return;
    this.#waiting.push(bytes);
    this.go();
  }

  /** A sign of life, as soon as the dialect has one. */
  beat(): void {
    this.#beatIsDue = true;
    this.go();
  }

  /** Contract: `Duplex.write`. */
  write(chunk: Uint8Array): Promise<void> {
    const refused = this.#failure ?? (this.#ending === undefined ? undefined : this.#ended());
    if (refused !== undefined) return Promise.reject(refused);
    return new Promise((resolve, reject) => {
      this.#data = { left: chunk, hasBegun: false, resolve, reject };
      this.go();
    });
  }

  /** Contract: `Duplex.closeWrite`. A write under way goes first. */
  closeWrite(): Promise<void> {
    if (this.#ending === undefined) {
      this.#ending = Promise.withResolvers();
      this.#ending.promise.catch(() => {}); // who waits for it is told as well
      if (this.#failure === undefined) this.go();
      else this.#ending.resolve();
    }
    return this.#ending.promise;
  }

  /** Lets a write go that cannot end any more: the session is being closed. */
  dropData(error: NetError): void {
    const data = this.#data;
    this.#data = undefined;
    data?.reject(error);
  }

  /** Nothing more can be written. The first reason counts. */
  fail(error: NetError): void {
    this.#failure ??= error;
    this.#waiting.length = 0;
    this.dropData(this.#failure);
    this.#ending?.reject(this.#failure);
  }

  /** Writes what there is to write, unless it is at it. */
  go(): void {
    if (this.#isWriting || this.#failure !== undefined) return;
    this.#isWriting = true;
    void this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      // Asked and ended in one turn: what is given meanwhile would find it neither at it nor over.
      for (let step = this.#next(); step !== null; step = this.#next()) await step;
    } catch (thrown) {
      this.fail(toNetError(thrown, "write", this.#inner.remote.text, "remote"));
    } finally {
      this.#isWriting = false;
    }
  }

  /** @returns null where there is nothing to write now */
  #next(): Promise<void> | null {
    if (this.#failure !== undefined) return null;
    const bytes = this.#waiting.shift() ?? this.#dueBeat();
    if (bytes !== null) return this.#writeBeat(bytes);
    if (this.#data !== undefined) return this.#nextData(this.#data);
    return this.#ending === undefined || this.hasEnded ? null : this.#writeEnd(this.#ending);
  }

  #dueBeat(): Uint8Array | null {
    if (!this.#beatIsDue) return null;
    const beat = this.#dialect.beat(this.#clock.now());
    if (beat !== null) this.#beatIsDue = false;
    return beat;
  }

  async #writeBeat(bytes: Uint8Array): Promise<void> {
    await this.#inner.write(bytes);
    this.#acks.wrote(bytes.length, false);
  }

  #nextData(data: DataWrite): Promise<void> | null {
    const isMessage = this.#dialect.traits.messages && !data.hasBegun;
    if (data.left.length === 0 && !isMessage) return this.#dataWritten(data);
    const bytes = this.#dialect.pack(data.left, this.#clock.now());
    if (bytes === null) return null;
    const count = this.#dialect.packed;
    data.hasBegun = true;
    data.left = data.left.subarray(count);
    this.#handedOver += count;
    return this.#writeData(data, bytes, count);
  }

  async #writeData(data: DataWrite, bytes: Uint8Array, count: number): Promise<void> {
    try {
      await this.#inner.write(bytes);
    } catch (thrown) {
      if (!(thrown instanceof NetError) || thrown.kind !== "too-large") throw thrown;
      // The session stays usable after a message that was too large.
      this.#handedOver -= count;
      this.dropData(thrown);
      return;
    }
    this.#dialect.sent();
    this.#acks.wrote(bytes.length, true);
    this.dataSentMs = this.#clock.now();
    if (data.left.length === 0) this.#dataWritten(data);
  }

  #dataWritten(data: DataWrite): Promise<void> {
    if (this.#data === data) this.#data = undefined;
    data.resolve();
    return Promise.resolve();
  }

  async #writeEnd(ending: PromiseWithResolvers<void>): Promise<void> {
    const bytes = this.#dialect.end();
    if (bytes === null) await this.#inner.closeWrite();
    else await this.#writeBeat(bytes);
    // Not before: who closes the session once both have ended would cut this write short.
    this.hasEnded = true;
    ending.resolve();
  }

  #ended(): NetError {
    return new NetError({
      kind: "broken",
      op: "write",
      address: this.#inner.remote.text,
      message: "this side has ended its sending",
    });
  }
}
