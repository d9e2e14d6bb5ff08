/**
 * A connection that has nothing to do before data: all transports but those with a handshake.
 * @module
 */

import type { Duplex, Incoming } from "./contract.ts";

/** Shows a session that is ready as one that was accepted; refusing it aborts it. */
export class ReadyIncoming implements Incoming {
  /** Who asks. */
  readonly remote: Incoming["remote"];
  readonly #session: Duplex;

  /** @param session owned from here on by who settles or rejects */
  constructor(session: Duplex) {
    this.remote = session.remote;
    this.#session = session;
  }

  /** The session itself, at once. */
  settle(): Promise<Duplex> {
    return Promise.resolve(this.#session);
  }

  /** Aborts it. Idempotent. */
  reject(): void {
    this.#session.abort();
  }
}
