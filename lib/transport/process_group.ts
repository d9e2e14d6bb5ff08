/**
 * Ending a child with all that it started.
 * @module
 */

import { type Clock, sleep } from "../core/clock.ts";
import type { ChildStatus } from "../core/contract.ts";
import { hasRunningMember } from "../sys/group_members.ts";

/** How long a group has between being asked (end of input, SIGTERM) and the next, harder step. */
const graceMs = 1_000;

/**
 * The process group of a child that was started detached. A group exists as long as anyone is in
 * it, and its number is not given to another process meanwhile (setpgid(2), fork(2)); once it was
 * seen empty it is never signalled again.
 */
export class ProcessGroup {
  readonly #id: number;
  readonly #exited: Promise<ChildStatus>;
  readonly #clock: Clock;
  #empty = false;
  #ending: Promise<void> | undefined;

  /** @param id process id of the group's leader @param exited settles when it was reaped */
  constructor(id: number, exited: Promise<ChildStatus>, clock: Clock) {
    this.#id = id;
    this.#exited = exited;
    this.#clock = clock;
  }

  /** SIGTERM, and SIGKILL to who is still there after the grace. Idempotent, never rejects. */
  end(): Promise<void> {
    return this.#ending ??= this.#end();
  }

  /**
   * Waits for the child after the end of its input; one that ignores it is ended after the grace.
   * Whoever is left in the group when the child has gone is ended too.
   *
   * @param drained settles when the child's output has ended
   */
  async finish(drained: Promise<void>): Promise<void> {
    if (this.#ending === undefined) {
      await this.#withGrace(Promise.all([drained, this.#exited]));
    }
    await this.end();
  }

  async #end(): Promise<void> {
    const untilMs = this.#clock.now() + graceMs;
    this.#signal("SIGTERM");
    this.#signal("SIGCONT"); // a stopped process does not see SIGTERM before it goes on
    await this.#withGrace(this.#exited);
    // Of those that are no children of ours nothing tells when they go.
    for (let delayMs = 1; this.#isPopulated() && this.#clock.now() < untilMs; delayMs *= 2) {
      await sleep(this.#clock, Math.min(delayMs, 50));
    }
    this.#signal("SIGKILL");
    await this.#exited;
  }

  /** Waits for `work`, at most for the grace; leaves no timer behind. */
  async #withGrace(work: Promise<unknown>): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.timer(graceMs, resolve);
      work.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #isPopulated(): boolean {
    return this.#signal("SIGCONT") && hasRunningMember(this.#id);
  }

  /** @returns false once nobody is left in the group */
  #signal(signal: Deno.Signal): boolean {
    if (this.#empty) return false;
    try {
      Deno.kill(-this.#id, signal);
      return true;
    } catch (thrown) {
      // ESRCH: nobody is left. EPERM: all that are left changed their user, beyond our reach.
      const { NotFound, PermissionDenied } = Deno.errors;
      if (!(thrown instanceof NotFound || thrown instanceof PermissionDenied)) throw thrown;
      this.#empty = true;
      return false;
    }
  }
}
