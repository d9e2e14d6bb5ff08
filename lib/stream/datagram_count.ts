/**
 * What became of the datagrams of one socket, said once at its end.
 * @module
 */

import type { Peer } from "../core/contract.ts";
import { counted } from "../core/counted.ts";
import type { Log } from "../core/log.ts";

/** Why a datagram was dropped: no session for it, a full queue, its host's rate, its length. */
export type Loss = "full" | "queue" | "rate" | "too-large";

/** Counts for one socket. */
export class DatagramCount {
  readonly #lost: Record<Loss, number> = { full: 0, queue: 0, rate: 0, "too-large": 0 };
  #sessions = 0;
  #replaced = 0;
  #isSaid = false;

  /** Datagrams dropped so far. */
  get dropped(): number {
    return Object.values(this.#lost).reduce((sum, one) => sum + one, 0);
  }

  /** A datagram was dropped. */
  lose(why: Loss): void {
    this.#lost[why]++;
  }

  /** A session began. */
  open(): void {
    this.#sessions++;
  }

  /** A session ended because another needed its place. */
  replace(): void {
    this.#replaced++;
  }

  /** Once, at the end: while it goes on, a flood of datagrams must not become one of lines. */
  say(log: Log, { text: address }: Peer): void {
    const { dropped } = this;
    if (this.#isSaid || dropped + this.#replaced === 0) return;
    this.#isSaid = true;
    const why = Object.entries(this.#lost).filter(([, count]) => count > 0)
      .map(([name, count]) => `${count} ${name}`).join(", ");
    const sessions = counted(this.#sessions, "session");
    const datagrams = counted(dropped, "datagram");
    const text = `${address}: ${sessions}, ${this.#replaced} of them ended for others; ` +
      `${datagrams} dropped${why === "" ? "" : ` (${why})`}`;
    const fields = { address, sessions: this.#sessions, replaced: this.#replaced, dropped };
    log.write("info", "datagrams", text, { ...fields, why: { ...this.#lost } });
  }
}
