/**
 * A listener in memory that a test feeds by hand.
 * @module
 */

import type { Duplex, Incoming, Listener, Peer } from "../../lib/core/contract.ts";
import { NetError } from "../../lib/core/error.ts";
import { makePair, type PairEnd } from "./pair.ts";

/** Connections come when the test says so; errors of accept as well. */
export class FedListener implements Listener {
  readonly local: Peer;
  readonly datagrams?: boolean;
  /** How often `accept` was called. */
  accepts = 0;
  closed = false;
  rejected = 0;
  readonly #queue: (Incoming | NetError)[] = [];
  #wake = () => {};

  constructor(options: { datagrams?: boolean; name?: string } = {}) {
    const name = options.name ?? "fed";
    this.local = { scheme: "memory", text: `memory:${name}` };
    if (options.datagrams) this.datagrams = true;
  }

  /** Connections that wait to be accepted. */
  get backlog(): number {
    return this.#queue.length;
  }

  /** A client connects; gives the client's end. */
  connect(host = "192.0.2.1", port = 50_000): PairEnd {
    const text = `tcp://${host}:${port}`;
    const [client, session] = makePair({ left: { scheme: "tcp", text, host, port } });
    this.push({
      remote: session.remote,
      settle: (): Promise<Duplex> => Promise.resolve(session),
      reject: () => {
        this.rejected++;
        session.abort();
      },
    });
    return client;
  }

  /** The next `accept` gives this, or throws it. */
  push(next: Incoming | NetError): void {
    this.#queue.push(next);
    this.#wake();
  }

  /** The next `accept` fails with this kind. */
  fail(kind: "transient" | "exhausted" | "unexpected"): void {
    this.push(new NetError({ kind, op: "accept", address: this.local.text, message: kind }));
  }

  async accept(): Promise<Incoming | null> {
    this.accepts++;
    for (;;) {
      if (this.closed) return null;
      const next = this.#queue.shift();
      if (next instanceof NetError) throw next;
      if (next !== undefined) return next;
      await new Promise<void>((wake) => this.#wake = wake);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    this.#wake();
    return Promise.resolve();
  }
}
