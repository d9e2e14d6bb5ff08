/**
 * What came in with a heartbeat's frames taken off, until it is read.
 * @module
 */

import { NetError } from "../core/error.ts";
import { HeldBytes } from "./held_bytes.ts";

/** Data that waits for its reader; at most one `read` at a time. */
export class HeartbeatInbox {
  readonly #held: HeldBytes;
  readonly #isMessages: boolean;
  readonly #address: string;
  #hasEnded = false;
  #failure: NetError | undefined;
  /** Settles with the next change; there only while somebody waits. */
  #changed: PromiseWithResolvers<void> | undefined;

  /** @param address of the peer, for errors */
  constructor(isMessages: boolean, address: string) {
    // Bounded by who puts: by credit, or by not reading on.
    this.#held = new HeldBytes(Number.MAX_SAFE_INTEGER, isMessages);
    this.#isMessages = isMessages;
    this.#address = address;
  }

  /** Bytes that wait. */
  get size(): number {
    return this.#held.size;
  }

  /** Takes a copy; of messages each one by itself, also an empty one. */
  put(bytes: Uint8Array): void {
    this.#held.put(bytes);
    this.#wake();
  }

  /** No more comes. Idempotent. */
  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  /** No more comes, for this reason: told once what is there has been read. The first one counts. */
  fail(error: NetError): void {
    if (this.#hasEnded && error.kind !== "dead") return;
    this.#failure ??= error;
    this.#wake();
  }

  /** Nobody reads any more. */
  clear(): void {
    this.#held.clear();
  }

  /** Contract: `Duplex.readable`. */
  readable(): Promise<void> {
    if (!this.#held.isEmpty || this.#hasEnded || this.#failure !== undefined) {
      return Promise.resolve();
    }
    this.#changed ??= Promise.withResolvers();
    return this.#changed.promise;
  }

  /** Contract: `Duplex.read`. @throws {NetError} */
  async read(into: Uint8Array): Promise<number | null> {
    while (this.#held.isEmpty) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#hasEnded) return null;
      await this.readable();
    }
    return this.#isMessages ? this.#takeMessage(into) : this.#take(into);
  }

  #take(into: Uint8Array): number {
    let filled = 0;
    for (let first = this.#held.first(); first !== undefined; first = this.#held.first()) {
      if (filled === into.length) break;
      const part = first.subarray(0, into.length - filled);
      into.set(part, filled);
      filled += part.length;
      this.#held.takeOff(part.length);
    }
    return filled;
  }

  #takeMessage(into: Uint8Array): number {
    const message = this.#held.first() ?? new Uint8Array(0);
    this.#held.takeOff(message.length);
    if (message.length <= into.length) {
      into.set(message);
      return message.length;
    }
    throw new NetError({
      kind: "too-large",
      op: "read",
      address: this.#address,
      message: `a message of ${message.length} bytes, and at most ${into.length} can be taken`,
      blame: "remote",
    });
  }

  #wake(): void {
    this.#changed?.resolve();
    this.#changed = undefined;
  }
}
