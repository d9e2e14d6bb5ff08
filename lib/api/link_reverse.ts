/**
 * A listener at the other side of a link that outlives the session: where the server was restarted,
 * it is asked for again.
 * @module
 */

import { formatAddress, formatEndpoint } from "../address/format.ts";
import type { Address } from "../core/address.ts";
import { sleep } from "../core/clock.ts";
import { type ChildContext, type Context, deriveContext, withSignal } from "../core/context.ts";
import type { Incoming, Listener, Peer } from "../core/contract.ts";
import { toNetError } from "../core/error.ts";
import { Backoff } from "../link/backoff.ts";
import type { LinkClient } from "../link/link_client.ts";

/** How soon and how seldom it is asked for again while the other side cannot listen, ms. */
const again = { initialMs: 500, maximumMs: 30_000 };

/** One that was there for so long has held, ms: what ended it is news, and it is asked for at once. */
const heldMs = 1_000;

/** What comes in at the other side. */
export class ReverseListener implements Listener {
  #current: Listener;
  readonly #client: LinkClient;
  readonly #address: Address;
  readonly #context: Context;
  readonly #closing: ChildContext;
  readonly #backoff = new Backoff(again);
  /** Since when it listens. */
  #sinceMs: number;

  /**
   * Asks for it, and says where it listens.
   *
   * @throws {NetError} kind "permission" where it is not permitted there, and what listening says
   */
  static async open(
    client: LinkClient,
    address: Address,
    context: Context,
  ): Promise<ReverseListener> {
    const first = await client.listen(formatAddress(address));
    return new ReverseListener(client, address, first, context);
  }

  private constructor(client: LinkClient, address: Address, first: Listener, context: Context) {
    this.#client = client;
    this.#address = address;
    this.#current = first;
    this.#context = context;
    this.#sinceMs = context.clock.now();
    this.#closing = deriveContext(context);
    void client.done.then(() => this.#closing.abort());
    this.#say();
  }

  /** Where it listens, in the other side's words. */
  get local(): Peer {
    return this.#current.local;
  }

  /** Waits for a connection over there, through any number of sessions. */
  async accept(): Promise<Incoming | null> {
    const { signal } = this.#closing.context;
    while (!signal.aborted) {
      try {
        const incoming = await this.#current.accept();
        if (incoming !== null) return incoming;
      } catch (thrown) {
        const { message } = toNetError(thrown, "accept", this.local.text, "remote");
        this.#context.log.write("info", "reverse", `no longer listened: ${message}`, { message });
      }
      if (!await this.#again()) return null;
    }
    return null;
  }

  /** Stops listening over there; connections that came in go on. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#closing[Symbol.dispose]();
    await this.#current[Symbol.asyncDispose]();
  }

  /** @returns false once it was closed, or the link is over */
  async #again(): Promise<boolean> {
    const { context } = this.#closing;
    if (context.clock.now() - this.#sinceMs >= heldMs) this.#backoff.reset();
    else await this.#pause();
    while (!context.signal.aborted && !this.#client.isOver) {
      try {
        // No answer comes while the link is down, and it may be down for ever.
        this.#current = await withSignal(
          context.signal,
          this.#client.listen(formatAddress(this.#address)),
          (late) => void late[Symbol.asyncDispose](),
        );
        // Closed between the answer and now: what was closed then was the one before.
        if (context.signal.aborted) {
          await this.#current[Symbol.asyncDispose]();
          return false;
        }
        this.#sinceMs = context.clock.now();
        this.#say();
        return true;
      } catch (thrown) {
        if (context.signal.aborted || this.#client.isOver) return false;
        const { message } = toNetError(thrown, "listen", formatEndpoint(this.#address));
        context.log.write("warning", "reverse", message, { message });
      }
      await this.#pause();
    }
    return false;
  }

  async #pause(): Promise<void> {
    const { clock, signal } = this.#closing.context;
    await sleep(clock, this.#backoff.next(), signal).catch(() => {}); // who called looks at it
  }

  #say(): void {
    const { text: address } = this.local;
    const text = `listening on ${address} at the other side`;
    this.#context.log.write("notice", "listening", text, { address, side: "remote" });
  }
}
