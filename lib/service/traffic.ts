/**
 * Bytes of all sessions of a server while they pass. The tally of a server knows those of sessions
 * that are over; a session may last for days.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import { WrappedDuplex } from "../stream/wrapped.ts";
import type { SessionHandler } from "./policy.ts";

/** What has passed so far. */
export class Traffic {
  /** Bytes read from peers. */
  bytesIn = 0;
  /** Bytes that peers' connections have taken. */
  bytesOut = 0;

  /** A handler whose sessions are counted here. */
  counted(handler: SessionHandler): SessionHandler {
    return (session, context, info) => handler(new CountedDuplex(session, this), context, info);
  }
}

class CountedDuplex extends WrappedDuplex {
  readonly #traffic: Traffic;

  constructor(inner: Duplex, traffic: Traffic) {
    super(inner);
    this.#traffic = traffic;
  }

  override async read(into: Uint8Array): Promise<number | null> {
    const count = await this.inner.read(into);
    this.#traffic.bytesIn += count ?? 0;
    return count;
  }

  override async write(chunk: Uint8Array): Promise<void> {
    const { length } = chunk; // it may be lent, and gone afterwards
    await this.inner.write(chunk);
    this.#traffic.bytesOut += length;
  }
}
