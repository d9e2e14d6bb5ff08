/**
 * Two connected sessions inside the process.
 * @module
 */

import type { Duplex, Peer, Traits } from "../core/contract.ts";
import { closedHere, NetError } from "../core/error.ts";
import { MemoryPipe } from "./memory_pipe.ts";

const traits: Traits = { messages: false, halfClose: true, resets: true };

/**
 * One end of a pair. It behaves as a TCP session does: half-close, a reset that throws away what
 * was not read, a broken pipe for whoever writes to an end that was closed.
 */
export class MemorySession implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits = traits;
  readonly #incoming: MemoryPipe;
  readonly #outgoing: MemoryPipe;
  #closed: { readonly reason: unknown } | undefined;
  #halfClosed = false;

  constructor(local: Peer, remote: Peer, incoming: MemoryPipe, outgoing: MemoryPipe) {
    this.local = local;
    this.remote = remote;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#closed !== undefined) throw this.#closedError("read");
    try {
      const count = await this.#incoming.read(into);
      if (this.#closed === undefined) return count;
    } catch (thrown) {
      if (this.#closed === undefined) throw thrown;
    }
    throw this.#closedError("read");
  }

  readable(): Promise<void> {
    return this.#closed === undefined ? this.#incoming.readable() : Promise.resolve();
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#closed !== undefined) throw this.#closedError("write");
    if (this.#halfClosed) throw this.#broken("this side said that it writes no more");
    let taken: boolean;
    try {
      taken = await this.#outgoing.write(chunk);
    } catch (thrown) {
      throw this.#closed === undefined ? thrown : this.#closedError("write");
    }
    if (this.#closed !== undefined) throw this.#closedError("write");
    if (!taken) throw this.#broken("broken pipe");
  }

  closeWrite(): Promise<void> {
    this.#halfClosed = true;
    this.#outgoing.end();
    return Promise.resolve();
  }

  /** @param reason a NetError is what the other end gets; else it gets a reset */
  abort(reason?: unknown): void {
    if (this.#closed !== undefined) return;
    this.#closed = { reason };
    const error = reason instanceof NetError && reason.kind === "protocol" ? reason : this.#reset();
    this.#outgoing.break(error);
    this.#incoming.break(error);
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = { reason: undefined };
      this.#outgoing.end();
      this.#incoming.detach();
      // A read of our own that waits ends now: `read` sees that the session is closed.
      this.#incoming.end();
    }
    return Promise.resolve();
  }

  #reset(): NetError {
    return new NetError({
      kind: "reset",
      op: "session",
      address: this.local.text,
      message: "connection reset by peer",
      code: "ECONNRESET",
      blame: "remote",
    });
  }

  #broken(message: string): NetError {
    const address = this.remote.text;
    return new NetError({ kind: "broken", op: "write", address, message, code: "EPIPE" });
  }

  #closedError(op: string): NetError {
    return closedHere("session", op, this.remote.text, this.#closed?.reason);
  }
}

/**
 * Makes two ends that are connected to each other.
 *
 * @param a what the first end is called @param b what the second is
 * @param limit bytes that wait in each direction, at most
 */
export function memoryPair(a: Peer, b: Peer, limit: number): [MemorySession, MemorySession] {
  const toA = new MemoryPipe(limit);
  const toB = new MemoryPipe(limit);
  return [new MemorySession(a, b, toA, toB), new MemorySession(b, a, toB, toA)];
}
