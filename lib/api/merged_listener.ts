/**
 * Several listeners as one: what an address listens on that has several, as localhost does.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Incoming, Listener, Peer } from "../core/contract.ts";
import { Listening } from "./listen.ts";
import { ReadyIncoming } from "../core/incoming.ts";

/** Gives what comes in at any of them. Owns them. */
export class MergedListener implements Listener {
  readonly local: Peer;
  readonly #listening: Listening;

  /** One listener stays what it is. @param listeners at least one */
  static of(listeners: readonly Listener[], context: Context): Listener {
    const [only] = listeners;
    if (only !== undefined && listeners.length === 1) return only;
    return new MergedListener(listeners, context);
  }

  private constructor(listeners: readonly Listener[], context: Context) {
    const [first] = listeners;
    if (first === undefined) throw new TypeError("no listener");
    this.local = { ...first.local, text: listeners.map(({ local }) => local.text).join(", ") };
    this.#listening = new Listening(listeners, context);
  }

  async accept(): Promise<Incoming | null> {
    const session = await this.#listening.accept();
    return session === null ? null : new ReadyIncoming(session);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listening[Symbol.asyncDispose]();
  }
}
