/**
 * The writing side of a session that survives its connections: what is written goes to the
 * connection there is; what cannot go is held, thrown away or refused.
 * @module
 */

import { NetError } from "../core/error.ts";
import { HeldBytes } from "./held_bytes.ts";
import type { Connection } from "./reconnect_connection.ts";

/** What becomes of bytes while there is no connection. */
export type WhileDown = "hold" | "drop" | "fail";

/** How an outbox behaves, and whom it tells. */
export interface OutboxOptions {
  readonly whileDown: WhileDown;
  /** Bytes that are held at most. */
  readonly holdBytes: number;
  /** The endpoint, for errors. */
  readonly address: string;
  /** A write found the connection broken. */
  readonly broken: (connection: Connection, error: NetError) => void;
  /** A message that was held is too large for the connection: nobody waits for it any more. */
  readonly failed: (error: NetError) => void;
}

/** Bytes on their way to a connection. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #isMessages: () => boolean;
  #held: HeldBytes | undefined;
  #connection: Connection | undefined;
  #failure: NetError | undefined;
  #hasEnded = false;
  #isEndPassed = false;
  /** Gives what is held to the connection, and then our end; never rejects. */
  #flushing: Promise<void> | undefined;
  /** Settles with the next connection, and with the failure. */
  #changed = Promise.withResolvers<void>();
  #dropped = 0;

  /** @param isMessages known with the first connection, and asked when something is held */
  constructor(options: OutboxOptions, isMessages: () => boolean) {
    this.#options = options;
    this.#isMessages = isMessages;
  }

  /** Bytes that are held. */
  get held(): number {
    return this.#held?.size ?? 0;
  }

  /** True once everything that was written has gone to a connection, our end included. */
  get isEmpty(): boolean {
    const isHolding = this.#held !== undefined && !this.#held.isEmpty;
    return !isHolding && this.#hasEnded === this.#isEndPassed && this.#flushing === undefined;
  }

  /** Bytes that were thrown away since this was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** There is a connection: it gets what is held. */
  connected(connection: Connection): void {
    this.#connection = connection;
    this.#startFlush(connection);
    this.#notify();
  }

  /** There is none. */
  disconnected(): void {
    this.#connection = undefined;
  }

  /** There will be none: writes throw this from now on, and what is held is thrown away. */
  fail(error: NetError): void {
    this.#connection = undefined;
    this.#failure ??= error;
    this.#dropped += this.#held?.clear() ?? 0;
    this.#notify();
  }

  /** Settles once `isEmpty`, or once it has failed. */
  async settled(): Promise<void> {
    while (!this.isEmpty && this.#failure === undefined) {
      await (this.#flushing ?? this.#changed.promise);
    }
  }

  /** As `Duplex.write`; settles once everything was taken, is held, or was thrown away. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#hasEnded) throw this.#error("broken", "writing was ended before");
    let rest: Uint8Array | null = chunk;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const connection = this.#connection;
      if (this.#flushing !== undefined) {
        await this.#flushing;
      } else if (connection !== undefined) {
        rest = await this.#send(connection, rest);
      } else {
        rest = this.#putAside(rest);
        if (rest !== null) await this.#changed.promise;
      }
      if (rest === null) return;
    }
  }

  /** Passes our end on, after what is held; while it is down that is left for the connection. */
  async closeWrite(): Promise<void> {
    if (this.#hasEnded) return await this.#flushing;
    this.#hasEnded = true;
    if (this.#connection === undefined) return;
    this.#startFlush(this.#connection);
    await this.#flushing;
  }

  /** @returns what is left of it, null where nothing is */
  async #send(connection: Connection, chunk: Uint8Array): Promise<Uint8Array | null> {
    const { taken, error } = await connection.send(chunk);
    if (error === undefined) return null;
    if (error.kind === "too-large") throw error;
    if (this.#connection === connection) this.#options.broken(connection, error);
    // A message of which nobody knows whether it went is not sent twice.
    return this.#isMessages() || taken >= chunk.length ? null : chunk.subarray(taken);
  }

  /** @returns what is left of it, null where nothing is */
  #putAside(chunk: Uint8Array): Uint8Array | null {
    const { whileDown, holdBytes } = this.#options;
    if (whileDown === "fail") throw this.#error("unreachable", "not connected (while-down=fail)");
    if (whileDown === "drop") {
      this.#dropped += chunk.length;
      return null;
    }
    this.#held ??= new HeldBytes(holdBytes, this.#isMessages());
    const count = this.#held.put(chunk);
    if (count === null) return chunk;
    return count === chunk.length ? null : chunk.subarray(count);
  }

  #startFlush(connection: Connection): void {
    const flushing: Promise<void> = this.#flushAfter(this.#flushing, connection).then(() => {
      if (this.#flushing === flushing) this.#flushing = undefined;
    });
    this.#flushing = flushing;
  }

  async #flushAfter(before: Promise<void> | undefined, connection: Connection): Promise<void> {
    await before;
    while (this.#connection === connection) {
      const chunk = this.#held?.first();
      if (chunk === undefined) break;
      const { taken, error } = await connection.send(chunk);
      if (error?.kind === "too-large") return this.#options.failed(error);
      this.#held?.takeOff(taken);
      if (error !== undefined) return this.#lost(connection, error);
    }
    if (!this.#hasEnded || connection.endPassed) return;
    if (this.#connection !== connection) return;
    const error = await connection.closeWrite();
    if (error !== undefined) return this.#lost(connection, error);
    this.#isEndPassed = true;
  }

  #lost(connection: Connection, error: NetError): void {
    if (this.#connection === connection) this.#options.broken(connection, error);
  }

  #notify(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }

  #error(kind: "broken" | "unreachable", message: string): NetError {
    const { address } = this.#options;
    return new NetError({ kind, op: "write", address, message, blame: "remote" });
  }
}
