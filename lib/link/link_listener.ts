/**
 * A listener at the other side of a link.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Incoming, Listener, Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { LinkCode } from "../wire/link_code.ts";
import type { LinkChannel } from "./link_channel.ts";

/** What a remote listener needs of whoever drives its session. */
export interface ListenerOwner {
  /** Takes a connection that was accepted over there. */
  accept(channel: LinkChannel): void;
  /** Turns one down. */
  refuse(channel: LinkChannel, why: { readonly code: LinkCode; readonly text: string }): void;
  /** The listener is wanted no longer. */
  unlisten(listener: number): void;
}

/** Accepts what came in at the other side. How much may wait is the limit `link-channels`. */
export class RemoteListener implements Listener {
  readonly local: Peer;
  readonly #id: number;
  readonly #owner: ListenerOwner;
  #queue: RemoteIncoming[] = [];
  #waiting: PromiseWithResolvers<void> | undefined;
  #failure: NetError | undefined;
  #isClosed = false;

  /** @param local where it listens, as the other side says */
  constructor(owner: ListenerOwner, id: number, local: Peer) {
    this.#owner = owner;
    this.#id = id;
    this.local = local;
  }

  /** @throws {NetError} why the other side listens no longer, once, where it does not */
  async accept(): Promise<Incoming | null> {
    for (;;) {
      const incoming = this.#queue.shift();
      if (incoming !== undefined) return incoming;
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) throw failure;
      if (this.#isClosed) return null;
      await (this.#waiting ??= Promise.withResolvers<void>()).promise;
    }
  }

  /** A connection came in. */
  offer(channel: LinkChannel): void {
    this.#queue.push(new RemoteIncoming(this.#owner, channel));
    this.#wake();
  }

  /** It is over, because the session is or the other side closed it. Idempotent. */
  end(error?: NetError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#failure = error;
    this.#wake();
  }

  /** Closes it; the other side does, too. Connections that nobody accepted are refused. */
  [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) this.#owner.unlisten(this.#id);
    this.end();
    this.#failure = undefined;
    for (const incoming of this.#queue) incoming.reject();
    this.#queue = [];
    return Promise.resolve();
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}

/** A connection that waits to be accepted. */
class RemoteIncoming implements Incoming {
  readonly remote: Peer;
  readonly #owner: ListenerOwner;
  readonly #channel: LinkChannel;
  #isTaken = false;

  constructor(owner: ListenerOwner, channel: LinkChannel) {
    this.#owner = owner;
    this.#channel = channel;
    this.remote = channel.remote;
  }

  // deno-lint-ignore require-await -- the contract is asynchronous, throwing must be a rejection
  async settle(context: Context): Promise<Duplex> {
    context.signal.throwIfAborted();
    if (this.#isTaken) {
      throw new NetError({ kind: "aborted", op: "accept", message: "it was refused already" });
    }
    this.#isTaken = true;
    this.#owner.accept(this.#channel);
    return this.#channel;
  }

  reject(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#owner.refuse(this.#channel, { code: "refused", text: "" });
  }
}
