/**
 * What a client is told for whom there is no place: `--busy-message`.
 * @module
 */

import { deriveContext } from "../core/context.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Incoming } from "../core/contract.ts";
import { TimerWheel } from "../core/wheel.ts";
import { discardAll } from "../stream/linger.ts";

/**
 * Says one text to those who are turned away, a bounded number of them at a time: each holds a
 * descriptor meanwhile. The others are reset.
 */
export class Farewell {
  readonly #message: Uint8Array;
  readonly #context: Context;
  readonly #running = new Set<Promise<void>>();

  /** @param text sent with a newline at its end where it has none, so that it is a line */
  constructor(text: string, context: Context) {
    this.#message = new TextEncoder().encode(text.endsWith("\n") ? text : `${text}\n`);
    this.#context = context;
  }

  /** Takes the connection over and closes it. Never throws. */
  say(incoming: Incoming): void {
    if (this.#running.size >= this.#context.limits["busy-answers"]) return incoming.reject();
    const running = this.#say(incoming).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Waits for those that are under way; each has a bound in time. */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #say(incoming: Incoming): Promise<void> {
    const { clock, limits } = this.#context;
    using child = deriveContext(this.#context);
    let session: Duplex | undefined;
    const end = () => {
      child.abort();
      session?.abort();
    };
    const timer = TimerWheel.of(clock).timer(limits["close-linger"], end);
    child.context.signal.addEventListener("abort", () => session?.abort(), { once: true });
    try {
      session = await incoming.settle(child.context);
      await session.write(this.#message);
      await session.closeWrite();
      // Closing with unread input would be a reset, which takes the message away from a client
      // that has not read it yet (RFC 1122, section 4.2.2.13): so the input is read, to its end.
      await discardAll(session);
      await session[Symbol.asyncDispose]();
    } catch {
      // It went away by itself, or took too long: nobody waits for what would be said of it.
      if (session === undefined) incoming.reject();
      else session.abort();
    } finally {
      timer.cancel();
    }
  }
}
