/**
 * Watching for the first sign of a peer.
 * @module
 */

import type { Clock, Timer } from "../core/clock.ts";
import type { Duplex } from "../core/contract.ts";
import { TimerWheel } from "../core/wheel.ts";
import { WrappedDuplex } from "./wrapped.ts";

/**
 * A session whose peer must send something, or end its sending, within a time. It owns the session.
 *
 * @param withinMs milliseconds from now
 * @param expire called once, where nothing came in time
 */
export function expectFirstByte(
  session: Duplex,
  withinMs: number,
  clock: Clock,
  expire: () => void,
): Duplex {
  return new ExpectantDuplex(session, TimerWheel.of(clock).timer(withinMs, expire));
}

class ExpectantDuplex extends WrappedDuplex {
  readonly #timer: Timer;

  constructor(inner: Duplex, timer: Timer) {
    super(inner);
    this.#timer = timer;
    const { readable } = inner;
    if (readable !== undefined) {
      this.readable = () => readable.call(inner).finally(() => timer.cancel());
    }
  }

  override async read(into: Uint8Array): Promise<number | null> {
    try {
      return await this.inner.read(into);
    } finally {
      this.#timer.cancel();
    }
  }

  override abort(reason?: unknown): void {
    this.#timer.cancel();
    super.abort(reason);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#timer.cancel();
    await super[Symbol.asyncDispose]();
  }
}
