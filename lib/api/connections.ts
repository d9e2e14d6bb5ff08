/**
 * The connections of a program that are made anew when they are lost, for whoever looks after all
 * of them: a signal that says "now", a tally that says where they are.
 * @module
 */

import type { Reconnecting } from "../link/reconnect.ts";
import type { ConnectionStatus } from "../link/reconnect_options.ts";

/** Connections that are in view as long as they live. */
export class Connections {
  readonly #sessions = new Set<Pick<Reconnecting, "retryNow" | "status">>();
  readonly #elsewhere = new Set<() => void>();

  /** Takes one into view. @returns takes it out again */
  add(session: Pick<Reconnecting, "retryNow" | "status">): Disposable {
    this.#sessions.add(session);
    return { [Symbol.dispose]: () => void this.#sessions.delete(session) };
  }

  /**
   * There are more in other processes or threads, which only hear of `retryNow`.
   *
   * @param retryNow makes them try now
   * @returns takes them out again
   */
  addElsewhere(retryNow: () => void): Disposable {
    this.#elsewhere.add(retryNow);
    return { [Symbol.dispose]: () => void this.#elsewhere.delete(retryNow) };
  }

  /** How many there are, those elsewhere not counted. */
  get size(): number {
    return this.#sessions.size;
  }

  /** True where nothing could be retried. */
  get isEmpty(): boolean {
    return this.#sessions.size === 0 && this.#elsewhere.size === 0;
  }

  /** Where each of them is. */
  statuses(): ConnectionStatus[] {
    return [...this.#sessions].map(({ status }) => status);
  }

  /** Those that wait for their next attempt make it now. @returns how many here are not up */
  retryNow(): number {
    for (const retryNow of this.#elsewhere) retryNow();
    const down = [...this.#sessions].filter(({ status }) => status.state !== "up");
    for (const session of down) session.retryNow();
    return down.length;
  }
}
