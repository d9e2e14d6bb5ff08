/**
 * One of the connections of a session that survives them.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import { type NetError, toNetError } from "../core/error.ts";

/** How a write went. */
export interface Sent {
  /** How much of it the system has taken: never written again. */
  readonly taken: number;
  /** Why not all of it. */
  readonly error?: NetError;
}

/**
 * Where a session cannot tell how much of a failed write was taken, all of it counts as taken; so
 * no more than this is risked at once.
 */
const blindBytes = 64 * 1024;

/** A connection, with what was handed to it. */
export class Connection {
  readonly session: Duplex;
  /** When it was made, monotonic ms. */
  readonly startMs: number;
  /** Bytes that the system has taken for it. */
  bytesHandedOver = 0;
  /** Our end was passed on: what the peer ends now is the end of all. */
  endPassed = false;
  /** A write is under way, which an orderly close would wait for. */
  isWriting = false;

  constructor(session: Duplex, startMs: number) {
    this.session = session;
    this.startMs = startMs;
  }

  /** Writes a chunk, or one message. Never rejects. */
  async send(chunk: Uint8Array): Promise<Sent> {
    const { traits, handedOver } = this.session;
    const step = traits.messages || handedOver !== undefined ? chunk.length : blindBytes;
    let taken = 0;
    do {
      const part = chunk.subarray(taken, taken + step);
      const { taken: count, error } = await this.#write(part);
      taken += count;
      this.bytesHandedOver += count;
      if (error !== undefined) return { taken, error };
    } while (taken < chunk.length);
    return { taken };
  }

  async #write(chunk: Uint8Array): Promise<Sent> {
    const { session } = this;
    const before = session.handedOver?.() ?? 0;
    this.isWriting = true;
    try {
      await session.write(chunk);
      return { taken: chunk.length };
    } catch (thrown) {
      const error = toNetError(thrown, "write", session.remote.text, "remote");
      if (error.kind === "too-large") return { taken: 0, error };
      return { taken: session.handedOver ? session.handedOver() - before : chunk.length, error };
    } finally {
      this.isWriting = false;
    }
  }

  /** Passes our end on. @returns what went wrong */
  async closeWrite(): Promise<NetError | undefined> {
    try {
      await this.session.closeWrite();
      this.endPassed = true;
      return undefined;
    } catch (thrown) {
      return toNetError(thrown, "close", this.session.remote.text, "remote");
    }
  }

  /** Of what was handed over, what the peer is not known to have; null where that is not known. */
  unacknowledged(): number | null {
    return this.session.unacknowledged?.() ?? null;
  }

  /**
   * Closes it: one that broke at once, one that the peer ended in order so that what was written
   * still arrives. Never rejects.
   */
  async close(error: unknown): Promise<void> {
    if (error !== undefined || this.isWriting) this.session.abort(error);
    try {
      await this.session[Symbol.asyncDispose]();
    } catch {
      // The connection is lost, and that was said; how it fails to close is no news.
    }
  }
}
