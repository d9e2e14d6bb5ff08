/**
 * Round trips as the time to open a connection: each request is a connection of its own, closed as
 * soon as it is open. For TCP that is one exchange of packets (SYN, SYN-ACK) with the peer's kernel;
 * its program need not answer at all.
 * @module
 */

import { type Context, deriveContext } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import type { ProbeEvents, Prober } from "./prober.ts";

/** Attempts under way at a time: each holds a descriptor, and a peer that drops packets many. */
const mostAttempts = 256;

/** Opens connections. */
export class ConnectProber implements Prober {
  readonly #dial: (context: Context) => Promise<Duplex>;
  readonly #events: ProbeEvents;
  readonly #child: ReturnType<typeof deriveContext>;
  readonly #attempts = new Set<Promise<void>>();

  /** @param dial opens one connection; it bounds its own time */
  constructor(
    dial: (context: Context) => Promise<Duplex>,
    events: ProbeEvents,
    context: Context,
  ) {
    this.#dial = dial;
    this.#events = events;
    this.#child = deriveContext(context);
  }

  probe(sequence: number): void {
    if (this.#attempts.size >= mostAttempts) {
      return this.#events.failed(
        sequence,
        new NetError({
          kind: "limit",
          op: "ping",
          message: `${mostAttempts} connections are being opened already`,
          hint: "a longer --interval or a shorter --timeout leaves fewer open",
        }),
      );
    }
    const attempt: Promise<void> = this.#attempt(sequence).finally(() => {
      this.#attempts.delete(attempt);
    });
    this.#attempts.add(attempt);
  }

  async #attempt(sequence: number): Promise<void> {
    try {
      const session = await this.#dial(this.#child.context);
      this.#events.answered(sequence);
      await session[Symbol.asyncDispose]();
    } catch (thrown) {
      if (this.#child.context.signal.aborted) return;
      this.#events.failed(sequence, toNetError(thrown, "connect", undefined, "remote"));
    }
  }

  /** Gives up what is being opened, and waits until all is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.abort(new DOMException("the ping has ended", "AbortError"));
    while (this.#attempts.size > 0) await Promise.all(this.#attempts);
    this.#child[Symbol.dispose]();
  }
}
