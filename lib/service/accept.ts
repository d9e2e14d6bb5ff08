/**
 * Accepting from one listener, whatever goes wrong with single clients or with the machine.
 * @module
 */

import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Incoming, Listener } from "../core/contract.ts";
import { NetError } from "../core/error.ts";

/** Waits between attempts while the machine has no descriptors: doubled each time. */
const firstPauseMs = 10;
const longestPauseMs = 1_000;

/** What is used of a listener. */
export type AcceptSource<I> = Pick<Listener, "local"> & { accept(): Promise<I | null> };

/** Accepts from one listener. */
export class Acceptor<I extends Incoming = Incoming> {
  readonly #listener: AcceptSource<I>;
  readonly #context: Context;
  /** When the trouble began, while there is any. */
  #sinceMs: number | undefined;
  #pauseMs = firstPauseMs;

  /** @param context its signal ends a pause; it does not end an `accept`: close the listener */
  constructor(listener: AcceptSource<I>, context: Context) {
    this.#listener = listener;
    this.#context = context;
  }

  /**
   * Waits for the next connection. A client that was lost in the backlog is passed over. At the
   * descriptor limit accept(2) fails at once and for ever, so that trying again without a pause
   * would take a whole processor.
   *
   * @returns null once the listener was closed, or the signal aborted
   * @throws {NetError} what ends a listener
   */
  async next(): Promise<I | null> {
    const { signal } = this.#context;
    while (!signal.aborted) {
      try {
        const incoming = await this.#listener.accept();
        this.#recovered();
        return incoming;
      } catch (thrown) {
        const kind = thrown instanceof NetError ? thrown.kind : undefined;
        if (kind === "exhausted") await this.#pause(thrown as NetError);
        else if (kind !== "transient") throw thrown;
      }
    }
    return null;
  }

  async #pause(error: NetError): Promise<void> {
    const { clock, log, signal } = this.#context;
    const address = this.#listener.local.text;
    if (this.#sinceMs === undefined) {
      this.#sinceMs = clock.now();
      log.write("warning", "exhausted", `${error.message}; accepting is paused`, {
        address,
        code: error.code,
      });
    }
    // Woken by the signal: the loop looks at it next.
    await sleep(clock, this.#pauseMs, signal).catch(() => {});
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }

  #recovered(): void {
    if (this.#sinceMs === undefined) return;
    const { clock, log } = this.#context;
    const address = this.#listener.local.text;
    const pausedMs = clock.now() - this.#sinceMs;
    log.write("warning", "recovered", `accept ${address}: accepting again`, { address, pausedMs });
    this.#sinceMs = undefined;
    this.#pauseMs = firstPauseMs;
  }
}
