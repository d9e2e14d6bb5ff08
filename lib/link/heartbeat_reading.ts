/**
 * Reads a session on behalf of its heartbeat: always, and without a buffer while nothing comes.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import { BufferPool } from "../stream/buffer_pool.ts";
import { buffersFor, BurstBuffers } from "../stream/session_buffers.ts";

/** Takes what is read. */
export interface ReadingEvents {
  /** Lent for the call. @throws what ends the session */
  received(bytes: Uint8Array): void;
  /** The end of input. @throws what ends the session */
  inputEnded(): void;
  /** Reading has failed, or one of these has thrown. */
  broke(thrown: unknown): void;
  /** True where nothing more can be taken for the time being; `goOn` says that it can. */
  isFull(): boolean;
  /** Reading stops at what nobody takes. */
  heldBack(): void;
}

/**
 * For the first read of a burst. Sessions that share a rhythm wake together, each for a beat of a
 * few bytes: with half a megabyte for each, most of their time went into making the buffers.
 */
const beatBuffers = new BufferPool(4 * 1024, 256);

/** For sessions that cannot wait without a buffer. */
const ownBytes = 64 * 1024;

/** The reading side. */
export class HeartbeatReading {
  readonly #session: Duplex;
  readonly #events: ReadingEvents;
  #pool: BufferPool;
  #isOver = false;

  /** Reads nothing before `goOn`. */
  constructor(session: Duplex, events: ReadingEvents) {
    this.#session = session;
    this.#events = events;
    this.#pool = buffersFor(session);
  }

  /** Waits by callbacks: `stream/pump.ts` says what a suspended frame costs. */
  goOn(): void {
    if (this.#isOver) return;
    if (this.#session.readable === undefined) void this.#burst();
    else this.#session.readable().then(this.#burst, this.#broke);
  }

  /** Takes nothing more; a read under way ends with its session. */
  stop(): void {
    this.#isOver = true;
  }

  readonly #burst = async (): Promise<void> => {
    try {
      if (this.#isOver || !await this.#readAll() || this.#isOver) return;
    } catch (thrown) {
      return this.#broke(thrown);
    }
    if (this.#events.isFull()) this.#events.heldBack();
    else this.goOn();
  };

  readonly #broke = (thrown: unknown): void => {
    if (!this.#isOver) this.#events.broke(thrown);
  };

  /** Reads what is there. @returns false at the end */
  async #readAll(): Promise<boolean> {
    const session = this.#session;
    if (session.readable === undefined) return await this.#readBlind();
    if (session.traits.messages) return await this.#readBurst();
    const buffer = beatBuffers.take();
    const count = await this.#readOne(buffer); // one that a failed read may still fill stays out
    beatBuffers.give(buffer);
    if (count !== beatBuffers.size) return count !== null;
    return this.#events.isFull() || await this.#readBurst();
  }

  /** Reads as long as there is more. @returns false at the end */
  async #readBurst(): Promise<boolean> {
    const buffers = new BurstBuffers(this.#session, this.#pool);
    let buffer = buffers.take();
    // One that a failed read may still fill is not given back.
    let count: number | null;
    for (;;) {
      count = await this.#readOne(buffer);
      if (count === null || this.#isOver || this.#events.isFull()) break;
      const next = buffers.next(buffer, count);
      if (next === null) break;
      buffer = next;
    }
    buffers.give(buffer);
    this.#pool = buffers.pool;
    return count !== null;
  }

  async #readBlind(): Promise<boolean> {
    const { maximumMessage = 0 } = this.#session.traits;
    const buffer = new Uint8Array(Math.max(ownBytes, maximumMessage));
    let count: number | null;
    do count = await this.#readOne(buffer); while (
      count !== null && !this.#isOver && !this.#events.isFull()
    );
    return count !== null;
  }

  async #readOne(buffer: Uint8Array): Promise<number | null> {
    const count = await this.#session.read(buffer);
    if (this.#isOver) return count;
    if (count === null) this.#events.inputEnded();
    else this.#events.received(buffer.subarray(0, count));
    return count;
  }
}
