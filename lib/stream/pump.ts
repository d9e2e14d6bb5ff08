/**
 * One direction of a relay: Duplex -> Duplex, until the source ends or one of them breaks.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import { type NetError, toNetError } from "../core/error.ts";
import type { Flow } from "../core/tally.ts";
import type { BufferPool } from "./buffer_pool.ts";
import { buffersFor, BurstBuffers } from "./session_buffers.ts";

/** When what was read is written: at once, at each newline, or when a block is full. */
export type Buffering = "none" | "line" | "block";

/** How one direction ended. */
export type PumpEnd =
  | { readonly kind: "end" }
  | { readonly kind: "read-failed" | "write-failed"; readonly error: NetError };

/** What a pump is told. */
export interface PumpOptions {
  readonly flow: Flow;
  readonly buffering: Buffering;
  /** Called after every read and every write. */
  readonly moved: () => void;
}

/** Sources without `readable` keep a buffer while they wait; it is smaller for that reason. */
const ownBufferSize = 64 * 1024;

/** A full block of `--buffer block`. */
const blockSize = 64 * 1024;

/** Moves everything from one session to another. Half-close of the sink is the caller's. */
export class Pump {
  readonly #from: Duplex;
  readonly #to: Duplex;
  readonly #options: PumpOptions;
  #pool: BufferPool;
  /** Bytes at the start of the buffer that `--buffer` holds back. */
  #held = 0;
  /** A write waits for the sink: the relay asks it before it calls a session idle. */
  writing = false;
  #finish: (end: PumpEnd) => void = () => {};

  constructor(from: Duplex, to: Duplex, options: PumpOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.#pool = buffersFor(from);
  }

  /** Runs until the direction is over. Never rejects: how it ended is the value. */
  run(): Promise<PumpEnd> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      if (this.#from.readable !== undefined && this.#options.buffering === "none") this.#park();
      else void this.#hog();
    });
  }

  /**
   * Waits without a buffer. By callbacks and not by `await`: thousands of sessions wait here, and
   * each frame of an async function that waits would cost as much as the session's own state.
   */
  #park(): void {
    const lends = this.#from.lend !== undefined && !this.#from.traits.messages;
    this.#from.readable?.().then(lends ? this.#handOn : this.#burst, this.#broke);
  }

  readonly #broke = (thrown: unknown): void => this.#finish(this.#failed("read-failed", thrown));

  /**
   * Borrows a buffer for as long as there is more. One that a failed read may fill stays out, and
   * one that a failed write may still send: a write that was cut short goes on in the system.
   */
  readonly #burst = async (): Promise<void> => {
    const buffers = new BurstBuffers(this.#from, this.#pool);
    let buffer = buffers.take();
    let read: PumpEnd | number;
    for (;;) {
      read = await this.#pass(buffer);
      const next = typeof read === "number" ? buffers.next(buffer, read) : null;
      if (next === null) break;
      buffer = next;
    }
    // Who is endless copies out of its queue: no read is left behind.
    const isOurs = typeof read === "number" || read.kind === "end" ||
      (read.kind === "read-failed" && this.#from.traits.endless === true);
    if (isOurs) buffers.give(buffer);
    this.#pool = buffers.pool;
    if (typeof read === "number") this.#park();
    else this.#finish(read);
  };

  /** Writes what the source lends: no buffer, and no copy into one. */
  readonly #handOn = async (): Promise<void> => {
    const from = this.#from;
    for (;;) {
      let lent: Uint8Array | null | undefined;
      try {
        lent = from.lend?.();
      } catch (thrown) {
        return this.#broke(thrown);
      }
      if (lent === undefined) return this.#park();
      this.#options.moved();
      if (lent === null) return this.#finish({ kind: "end" });
      const failed = await this.#write(lent, true);
      if (failed !== undefined) return this.#finish(failed);
      from.giveBack?.(lent);
    }
  };

  /** For sources that cannot wait without a buffer, and where `--buffer` holds bytes in one. */
  async #hog(): Promise<void> {
    // A message that does not fit would be an error: where they may be larger, so is the buffer.
    const { maximumMessage = 0 } = this.#from.traits;
    const buffer = new Uint8Array(Math.max(ownBufferSize, maximumMessage));
    let read: PumpEnd | number;
    do read = await this.#pass(buffer); while (typeof read === "number");
    this.#finish(read);
  }

  /** One read and what follows from it. @returns how much was read, or how it is over. */
  async #pass(buffer: Uint8Array): Promise<PumpEnd | number> {
    let n: number | null;
    try {
      n = await this.#from.read(buffer.subarray(this.#held));
    } catch (thrown) {
      return this.#failed("read-failed", thrown);
    }
    this.#options.moved();
    if (n === null) {
      const rest = await this.#write(buffer.subarray(0, this.#held), this.#held > 0);
      return rest ?? { kind: "end" };
    }
    return await this.#hold(buffer, n) ?? n;
  }

  /** Writes what may go now and keeps the rest at the start of the buffer. */
  async #hold(buffer: Uint8Array, n: number): Promise<PumpEnd | undefined> {
    const { buffering } = this.#options;
    const end = this.#held + n;
    if (buffering === "none" || this.#from.traits.messages) {
      return await this.#write(buffer.subarray(0, end), true);
    }
    const full = end === buffer.length || (buffering === "block" && end >= blockSize);
    const cut = full
      ? end
      : buffering === "line"
      ? buffer.subarray(0, end).lastIndexOf(0x0a) + 1
      : 0;
    if (cut > 0) {
      const failed = await this.#write(buffer.subarray(0, cut), true);
      if (failed !== undefined) return failed;
      buffer.copyWithin(0, cut, end);
    }
    this.#held = end - cut;
    return undefined;
  }

  async #write(chunk: Uint8Array, wanted: boolean): Promise<PumpEnd | undefined> {
    if (!wanted) return undefined;
    const { flow, moved } = this.#options;
    try {
      this.writing = true;
      await this.#to.write(chunk);
    } catch (thrown) {
      return this.#failed("write-failed", thrown);
    } finally {
      this.writing = false;
    }
    flow.bytes += chunk.length;
    flow.writes++;
    moved();
    return undefined;
  }

  #failed(kind: "read-failed" | "write-failed", thrown: unknown): PumpEnd {
    const [op, end] = kind === "read-failed" ? ["read", this.#from] : ["write", this.#to];
    return { kind, error: toNetError(thrown, op, end.remote.text) };
  }
}
