/**
 * Session of messages with an echo peer -> the largest message that comes back.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";

/** How to search; everything has a default. */
export interface SizeSearchOptions {
  /** How long to wait for an echo, in milliseconds; default 500. */
  readonly waitMs?: number;
  /** How often a size is sent before it counts as too large: packets get lost; default 3. */
  readonly tries?: number;
  /** The largest size to try, in bytes; default what the session takes. */
  readonly most?: number;
}

/** What was found. */
export interface SizeFound {
  /** Bytes of the largest message that came back. */
  readonly size: number;
  /**
   * What stood in the way of a larger one: this machine ("local"), what a router said ("path"),
   * nothing but that no echo came ("silence"); "none" where there is no larger one.
   */
  readonly limit: "local" | "path" | "silence" | "none";
  /** Messages that were sent. */
  readonly sent: number;
  /** The shortest time to an echo, in milliseconds. */
  readonly roundTripMs: number;
}

/** Tells echoes of this search from all else: eight bytes of chance, and which attempt it was. */
const headBytes = 12;

/** How one attempt ended. */
type Attempt = "echo" | "local" | "path" | "silence";

/**
 * Finds the largest message that an echo peer sends back, by halving: what fits is taken for
 * certain once, what does not only after `tries`, unless this machine or a router says so.
 *
 * The session is used and not closed; nobody else may read from it meanwhile or afterwards.
 *
 * @throws {NetError} kind "timeout" where not even the smallest message comes back; "refused" and
 * others, as the session says
 */
export async function findLargest(
  session: Duplex,
  context: Context,
  options: SizeSearchOptions = {},
): Promise<SizeFound> {
  return await new SizeSearch(session, context, options).run();
}

class SizeSearch {
  readonly #session: Duplex;
  readonly #context: Context;
  readonly #options: SizeSearchOptions;
  readonly #message: Uint8Array;
  #sent = 0;
  #roundTripMs = Infinity;
  #failure: NetError | undefined;
  #expected: { readonly size: number; readonly settle: (how: Attempt) => void } | undefined;

  constructor(session: Duplex, context: Context, options: SizeSearchOptions) {
    this.#session = session;
    this.#context = context;
    this.#options = options;
    const most = options.most ?? session.traits.maximumMessage ?? headBytes;
    this.#message = new Uint8Array(Math.max(most, headBytes));
    crypto.getRandomValues(this.#message.subarray(0, headBytes - 4));
  }

  async run(): Promise<SizeFound> {
    void this.#readAll();
    let fits = headBytes;
    if (await this.#fits(fits) !== "echo") throw this.#noEcho();
    let tooLarge = this.#message.length + 1;
    let limit: SizeFound["limit"] = "none";
    while (tooLarge - fits > 1) {
      const size = Math.floor((fits + tooLarge) / 2);
      const how = await this.#fits(size);
      if (how === "echo") {
        fits = size;
      } else {
        tooLarge = size;
        limit = how;
      }
    }
    return { size: fits, limit, sent: this.#sent, roundTripMs: this.#roundTripMs };
  }

  async #fits(size: number): Promise<Attempt> {
    const { tries = 3 } = this.#options;
    for (let left = tries; left > 0; left--) {
      const how = await this.#attempt(size);
      if (how !== "silence") return how;
    }
    return "silence";
  }

  async #attempt(size: number): Promise<Attempt> {
    const { clock, signal } = this.#context;
    signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    new DataView(this.#message.buffer).setUint32(headBytes - 4, ++this.#sent);
    const startMs = clock.now();
    const { promise, resolve: settle } = Promise.withResolvers<Attempt>();
    this.#expected = { size, settle };
    const timer = TimerWheel.of(clock).timer(this.#options.waitMs ?? 500, () => settle("silence"));
    const onAbort = () => settle("silence");
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#session.write(this.#message.subarray(0, size));
      const how = await promise;
      if (how === "echo") this.#roundTripMs = Math.min(this.#roundTripMs, clock.now() - startMs);
      return how;
    } catch (thrown) {
      if (thrown instanceof NetError && thrown.kind === "too-large") return "local";
      throw thrown;
    } finally {
      this.#expected = undefined;
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Until the session is closed. */
  async #readAll(): Promise<void> {
    const into = new Uint8Array(this.#message.length + 1);
    for (;;) {
      try {
        const count = await this.#session.read(into);
        if (count === null) return;
        if (this.#isExpected(into.subarray(0, count))) this.#expected?.settle("echo");
      } catch (thrown) {
        const error = toNetError(thrown, "probe", this.#session.remote.text);
        if (error.kind === "too-large") {
          this.#expected?.settle("path");
          continue;
        }
        this.#failure = error;
        this.#expected?.settle("silence");
        return;
      }
    }
  }

  #isExpected(message: Uint8Array): boolean {
    return message.length === this.#expected?.size &&
      message.subarray(0, headBytes).every((byte, at) => byte === this.#message[at]);
  }

  #noEcho(): NetError {
    if (this.#failure !== undefined) return this.#failure;
    const { waitMs = 500, tries = 3 } = this.#options;
    return new NetError({
      kind: "timeout",
      op: "probe",
      address: this.#session.remote.text,
      message: `no echo of ${tries} small datagrams came within ${waitMs} ms each`,
      hint: "an echo service must answer there: plumb serve echo udp://:7007",
      blame: "remote",
    });
  }
}
