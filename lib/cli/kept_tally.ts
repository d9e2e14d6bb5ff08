/**
 * What `listen --keep` has done: sessions one after another, told as one server's.
 * @module
 */

import type { Flow, SessionTally } from "../core/tally.ts";
import type { LiveTotals } from "./live_tally.ts";

/** Adds up sessions that run one at a time. */
export class KeptTally {
  readonly #counts = { accepted: 0, refused: 0, ended: 0, cut: 0, failed: 0 };
  readonly #aToB: Flow = { bytes: 0, writes: 0 };
  readonly #bToA: Flow = { bytes: 0, writes: 0 };
  #current: (() => LiveTotals) | null = null;

  /** True once a session was cut by a drain or a signal. */
  get wasCut(): boolean {
    return this.#counts.cut > 0;
  }

  /** A peer was accepted. @returns the number of its session, from 1 */
  accepted(): number {
    return ++this.#counts.accepted;
  }

  /** Looks at the figures of the session that runs now, until it is disposed. */
  follow(totals: () => LiveTotals): Disposable {
    this.#current = totals;
    return { [Symbol.dispose]: () => this.#current = null };
  }

  /** The session is over. */
  ended({ aToB, bToA, reason, error }: SessionTally): void {
    add(this.#aToB, aToB);
    add(this.#bToA, bToA);
    if (reason === "drain" || reason === "signal") this.#counts.cut++;
    else if (error !== undefined) this.#counts.failed++;
    else this.#counts.ended++;
  }

  /** All of it by now, the open session included. */
  totals(): LiveTotals {
    const [aToB, bToA] = [{ ...this.#aToB }, { ...this.#bToA }];
    const now = this.#current?.();
    if (now !== undefined) {
      add(aToB, now.aToB);
      add(bToA, now.bToA);
    }
    const sessions = now === undefined ? 0 : 1;
    return { aToB, bToA, peer: "b", sessions, counts: { ...this.#counts } };
  }
}

function add(sum: Flow, { bytes, writes }: Readonly<Flow>): void {
  sum.bytes += bytes;
  sum.writes += writes;
}
