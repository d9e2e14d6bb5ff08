/**
 * The passive side of a named pipe: each writer is a session.
 * @module
 */

import { type ChildContext, type Context, deriveContext } from "../core/context.ts";
import type { Incoming, Listener, Peer } from "../core/contract.ts";
import { ReadyIncoming } from "../core/incoming.ts";
import { O_NONBLOCK, O_RDONLY } from "../sys/constants.ts";
import { closeDescriptor, openDescriptor } from "../sys/file.ts";
import { unreadBytes } from "../sys/queue.ts";
import { openFifo } from "./fifo_open.ts";
import { fifoSession } from "./fifo_session.ts";

/**
 * Waits for writers, one after the other: who writes at the same time as another shares its
 * session, as the kernel does not tell them apart. The next accept begins when the session before
 * it is closed; two readers would each get a part.
 */
export class FifoListener implements Listener {
  readonly local: Peer;
  readonly #path: string;
  readonly #closing: ChildContext;
  readonly #held: number;
  #closed: Promise<void> | undefined;
  #session: Promise<void> = Promise.resolve();
  #accepting: Promise<unknown> = Promise.resolve();

  /** @throws {NetError} what the system says */
  constructor(path: string, local: Peer, context: Context) {
    this.local = local;
    this.#path = path;
    this.#held = openDescriptor(path, O_RDONLY | O_NONBLOCK, local.text);
    this.#closing = deriveContext(context);
  }

  accept(): Promise<Incoming | null> {
    const accepting = this.#accept();
    this.#accepting = accepting.catch(() => {}); // told to who called accept
    return accepting;
  }

  async #accept(): Promise<Incoming | null> {
    const { context } = this.#closing;
    if (context.signal.aborted) return null; // it does not abort again
    const closed = Promise.withResolvers<void>();
    const onAbort = () => closed.resolve();
    context.signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([this.#session, closed.promise]);
      if (context.signal.aborted) return null;
      const { text } = this.local;
      const arrived = () => (unreadBytes(this.#held) ?? 0) > 0;
      const opening = { path: this.#path, text, end: "read", keep: false, wait: true } as const;
      const fd = await openFifo({ ...opening, arrived }, context);
      const over = Promise.withResolvers<void>();
      const session = fifoSession(fd, this.local, "read", { closed: over.resolve });
      this.#session = over.promise;
      return new ReadyIncoming(session);
    } catch (thrown) {
      if (context.signal.aborted) return null;
      throw thrown;
    } finally {
      context.signal.removeEventListener("abort", onAbort);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#closed ??= (async () => {
      this.#closing.abort();
      this.#closing[Symbol.dispose]();
      await this.#accepting;
      closeDescriptor(this.#held);
    })();
  }
}
