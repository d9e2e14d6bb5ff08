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

  /** Takes one into view. @returns takes it out again */
  add(session: Pick<Reconnecting, "retryNow" | "status">): Disposable {
    this.#sessions.add(session);
    return { [Symbol.dispose]: () => void this.#sessions.delete(session) };
  }

  /** How many there are. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Where each of them is. */
  statuses(): ConnectionStatus[] {
    return [...this.#sessions].map(({ status }) => status);
  }

  /** Those that wait for their next attempt make it now. @returns how many are not up */
  retryNow(): number {
    const down = [...this.#sessions].filter(({ status }) => status.state !== "up");
    for (const session of down) session.retryNow();
    return down.length;
  }
}
