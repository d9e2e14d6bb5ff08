/**
 * Plays a script on one end of a session.
 * @module
 */

import type { ScriptStep } from "../core/address.ts";
import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError, quote } from "../core/error.ts";

/**
 * Plays the steps in order. Whatever goes wrong ends the session: an expectation that is not met
 * with kind "protocol" for the other side, everything else with a reset. Never rejects.
 *
 * After the last step it ends its sending and throws away what still comes, like a peer that has
 * said all: only `close` closes (a writer gets a broken pipe then), only `abort` resets.
 */
export async function playScript(
  steps: readonly ScriptStep[],
  session: Duplex,
  context: Context,
): Promise<void> {
  const reader = new Expecter(session);
  try {
    for (const step of steps) {
      switch (step.step) {
        case "send":
          await session.write(bytesOf(step.bytes));
          break;
        case "expect":
          await reader.expect(bytesOf(step.bytes));
          break;
        case "wait":
          await sleep(context.clock, step.durationMs, context.signal);
          break;
        case "end":
          await session.closeWrite();
          break;
        case "abort":
          return session.abort();
        case "close":
          return await session[Symbol.asyncDispose]();
      }
    }
    await session.closeWrite();
    await reader.discard();
    await session[Symbol.asyncDispose]();
  } catch (thrown) {
    // Of its own failures only an unmet expectation is news to the other side; the rest (a write
    // to a side that has gone, a wait that was cut short) is what that side did itself.
    session.abort(thrown);
  }
}

/** Text with one code unit a byte, as the address keeps it. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0));
}

/** Reads until something was seen; what came after it is kept for the next expectation. */
class Expecter {
  readonly #session: Duplex;
  readonly #buffer = new Uint8Array(4 * 1024);
  #rest = new Uint8Array(0);

  constructor(session: Duplex) {
    this.#session = session;
  }

  /**
   * Skips to the end of the first place where `wanted` stands (Knuth, Morris and Pratt: each byte
   * is looked at once and none is kept, however much comes before).
   *
   * @throws {NetError} kind "protocol" when the input ends before
   */
  async expect(wanted: Uint8Array): Promise<void> {
    const fallback = fallbacksOf(wanted);
    let matched = 0;
    let seen = 0;
    while (matched < wanted.length) {
      const chunk = await this.#next();
      if (chunk === null) throw this.#unmet(wanted, seen);
      let at = 0;
      while (at < chunk.length && matched < wanted.length) {
        const byte = chunk[at++];
        while (matched > 0 && wanted[matched] !== byte) matched = fallback[matched - 1] ?? 0;
        if (wanted[matched] === byte) matched++;
      }
      seen += at;
      this.#rest = chunk.slice(at);
    }
  }

  /** Reads to the end. */
  async discard(): Promise<void> {
    while (await this.#next() !== null);
  }

  async #next(): Promise<Uint8Array | null> {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    if (rest.length > 0) return rest;
    const count = await this.#session.read(this.#buffer);
    return count === null ? null : this.#buffer.subarray(0, count);
  }

  #unmet(wanted: Uint8Array, seen: number): NetError {
    const text = quote(String.fromCharCode(...wanted.subarray(0, 80)));
    return new NetError({
      kind: "protocol",
      op: "expect",
      address: this.#session.local.text,
      message: `the input ended after ${seen} bytes without "${text}"`,
      blame: "remote",
    });
  }
}

/** For each place, how much of the pattern's begin ends there: where to go on after a mismatch. */
function fallbacksOf(pattern: Uint8Array): readonly number[] {
  const fallback: number[] = [];
  let matched = 0;
  for (const [at, byte] of pattern.entries()) {
    while (matched > 0 && pattern[matched] !== byte) matched = fallback[matched - 1] ?? 0;
    if (at > 0 && pattern[matched] === byte) matched++;
    fallback.push(matched);
  }
  return fallback;
}
