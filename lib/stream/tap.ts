/**
 * What looks at the bytes of a session as they pass, without changing them.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import { WrappedDuplex } from "./wrapped.ts";

/** Which way bytes go: what leg a gives, or what it is given. */
export type Direction = "a-b" | "b-a";

/** Sees every chunk before it is handed on. A slow tap holds the session back: nothing is missed. */
export interface Tap {
  /** `chunk` is valid until the promise settles. */
  chunk(direction: Direction, chunk: Uint8Array): void | Promise<void>;
  /** One direction ended. */
  end?(direction: Direction): void | Promise<void>;
  /** The session is over. */
  close?(): void | Promise<void>;
}

/**
 * Leg a of a session with taps on it: what is read from it passes as "a-b", what is written to it
 * as "b-a". It owns the session and the taps. Without taps it is the session itself.
 *
 * @throws {NetError} from `read` and `write` what a tap throws: a recording with holes would be
 * worse than none
 */
export function tapped(a: Duplex, taps: readonly Tap[]): Duplex {
  return taps.length === 0 ? a : new TappedDuplex(a, taps);
}

class TappedDuplex extends WrappedDuplex {
  readonly #taps: readonly Tap[];
  readonly #ended = new Set<Direction>();
  #closed: Promise<void> | undefined;

  constructor(inner: Duplex, taps: readonly Tap[]) {
    super(inner);
    this.#taps = taps;
  }

  override async read(into: Uint8Array): Promise<number | null> {
    const n = await this.inner.read(into);
    if (n === null) await this.#end("a-b");
    else await this.#chunk("a-b", into.subarray(0, n));
    return n;
  }

  override async write(chunk: Uint8Array): Promise<void> {
    await this.#chunk("b-a", chunk);
    await this.inner.write(chunk);
  }

  override async closeWrite(): Promise<void> {
    await this.inner.closeWrite();
    await this.#end("b-a");
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    try {
      await super[Symbol.asyncDispose]();
    } finally {
      await (this.#closed ??= this.#close());
    }
  }

  async #chunk(direction: Direction, chunk: Uint8Array): Promise<void> {
    for (const tap of this.#taps) await tap.chunk(direction, chunk);
  }

  async #end(direction: Direction): Promise<void> {
    if (this.#ended.has(direction)) return;
    this.#ended.add(direction);
    for (const tap of this.#taps) await tap.end?.(direction);
  }

  /** One that fails must not keep the others open. */
  async #close(): Promise<void> {
    const closed = await Promise.allSettled(this.#taps.map(async (tap) => await tap.close?.()));
    for (const one of closed) if (one.status === "rejected") throw one.reason;
  }
}
