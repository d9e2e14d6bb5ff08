/**
 * A listener over a stream listener of the runtime (TCP, Unix). Accepts, and nothing else.
 * @module
 */

import type { Duplex, Incoming, Listener, Peer } from "../core/contract.ts";
import { NetError, systemCode, toNetError } from "../core/error.ts";
import { ReadyIncoming } from "../core/incoming.ts";

/** What is used of a `Deno.Listener`. */
export interface StreamListener<C> {
  accept(): Promise<C>;
  close(): void;
}

/** Where a listener is, and how a session is made of what it accepts. */
export interface SocketListenerInit<C> {
  readonly local: Peer;
  /** Owns the connection from here on; must not throw. */
  session(socket: C): Duplex;
  /** Called once when the listener closes, after its socket: to remove a path. */
  closed?(): void | Promise<void>;
  /** Finds the descriptor, see `Listener.descriptor`. */
  descriptor?(): number | null;
}

/**
 * Errors that concern one lost client. A client that resets while it waits in the backlog is
 * ENOTCONN here, not the ECONNABORTED of accept(2): the runtime asks for the peer's name.
 */
const lostClient = new Set(["ENOTCONN", "ECONNABORTED", "ECONNRESET", "EINTR", "EPROTO"]);

/** A passive stream socket; owns it. */
export class SocketListener<C> implements Listener {
  readonly local: Peer;
  readonly #listener: StreamListener<C>;
  readonly #init: SocketListenerInit<C>;
  #closing: Promise<void> | undefined;
  #isHandedOver = false;

  constructor(listener: StreamListener<C>, init: SocketListenerInit<C>) {
    this.local = init.local;
    this.#listener = listener;
    this.#init = init;
  }

  async accept(): Promise<Incoming | null> {
    if (this.#closing !== undefined) return null;
    try {
      return new ReadyIncoming(this.#init.session(await this.#listener.accept()));
    } catch (thrown) {
      if (this.#closing !== undefined) return null;
      throw this.#acceptError(thrown);
    }
  }

  descriptor(): number | null {
    return this.#closing === undefined ? this.#init.descriptor?.() ?? null : null;
  }

  handOver(isGiven = true): void {
    this.#isHandedOver = isGiven;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= (async () => {
      this.#listener.close();
      if (!this.#isHandedOver) await this.#init.closed?.();
    })();
  }

  #acceptError(thrown: unknown): NetError {
    const error = toNetError(thrown, "accept", this.local.text);
    const code = systemCode(thrown);
    if (code === undefined || !lostClient.has(code)) return error;
    return new NetError({
      kind: "transient",
      op: "accept",
      address: this.local.text,
      message: "the client was gone before it was accepted",
      code,
      blame: "remote",
      cause: thrown,
    });
  }
}
