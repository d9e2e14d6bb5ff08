/**
 * The base of everything that stands around a session and changes some of what it does.
 * @module
 */

import type { ChildStatus, Duplex, Peer, Traits } from "../core/contract.ts";

/**
 * A session that hands everything on to the one inside, its powers too, but for those that would
 * pass what is changed here by (`lend`, `handedOver`). It owns that one.
 */
export class WrappedDuplex implements Duplex {
  readonly local: Peer;
  readonly remote: Peer;
  readonly traits: Traits;
  readonly child?: Promise<ChildStatus | null>;
  readonly unacknowledged?: () => number | null;
  readonly unsent?: () => number | null;
  unread?: () => number | null;
  readable?: () => Promise<void>;
  protected readonly inner: Duplex;

  constructor(inner: Duplex, traits: Traits = inner.traits) {
    this.inner = inner;
    this.local = inner.local;
    this.remote = inner.remote;
    this.traits = traits;
    // Powers are there or not there: a caller asks by looking, so they cannot be methods.
    if (inner.child !== undefined) this.child = inner.child;
    if (inner.unacknowledged) this.unacknowledged = () => inner.unacknowledged?.() ?? null;
    if (inner.unsent) this.unsent = () => inner.unsent?.() ?? null;
    if (inner.unread) this.unread = () => inner.unread?.() ?? null;
    if (inner.readable) this.readable = () => inner.readable?.() ?? Promise.resolve();
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.inner.read(into);
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.inner.write(chunk);
  }

  closeWrite(): Promise<void> {
    return this.inner.closeWrite();
  }

  abort(reason?: unknown): void {
    this.inner.abort(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.inner[Symbol.asyncDispose]();
  }
}
