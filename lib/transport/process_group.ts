/**
 * Ending a child with all that it started.
 * @module
 */

import { type Clock, sleep } from "../core/clock.ts";
import type { ChildStatus } from "../core/contract.ts";
import { hasRunningMember } from "../sys/group_members.ts";

/** How long a group has between being asked (end of input, SIGTERM) and the next, harder step. */
const graceMs = 1_000;

/** How long the end of a child that was killed may take to be seen, on a machine that is busy. */
const longestEndMs = 5_000;

/**
 * The process group of a child that was started detached. A group exists as long as anyone is in
 * it, and its number is not given to another process meanwhile (setpgid(2), fork(2)); once it was
 * seen empty it is never signalled again.
 */
export class ProcessGroup {
  readonly #id: number;
  readonly #exited: Promise<ChildStatus>;
  readonly #clock: Clock;
  readonly #abandoned = Promise.withResolvers<null>();
  #empty = false;
  #isBeyondReach = false;
  #ending: Promise<void> | undefined;

  /**
   * How the child has finished. Null for one that was given up: it has become another user's (sudo)
   * or hangs in the kernel, so that no signal ends it, and goes on without us.
   */
  readonly finished: Promise<ChildStatus | null>;

  /** @param id process id of the group's leader @param exited settles when it was reaped */
  constructor(id: number, exited: Promise<ChildStatus>, clock: Clock) {
    this.#id = id;
    this.#exited = exited;
    this.#clock = clock;
    this.finished = Promise.race([exited, this.#abandoned.promise]);
  }

  /**
   * SIGTERM, and SIGKILL to who is still there after the grace. Idempotent, never rejects; ends also
   * where the child does not.
   */
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
      await this.#within(graceMs, Promise.all([drained, this.#exited]));
    }
    await this.end();
  }

  async #end(): Promise<void> {
    const untilMs = this.#clock.now() + graceMs;
    this.#signal("SIGTERM");
    this.#signal("SIGCONT"); // a stopped process does not see SIGTERM before it goes on
    await this.#within(graceMs, this.#exited);
    // Of those that are no children of ours nothing tells when they go.
    for (let delayMs = 1; this.#isPopulated() && this.#clock.now() < untilMs; delayMs *= 2) {
      await sleep(this.#clock, Math.min(delayMs, 50));
    }
    this.#signal("SIGKILL");
    if (!this.#isBeyondReach) await this.#within(longestEndMs, this.#exited);
    this.#abandoned.resolve(null);
  }

  /** Waits for `work`, at most so long; leaves no timer behind. */
  async #within(delayMs: number, work: Promise<unknown>): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.timer(delayMs, resolve);
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
      this.#isBeyondReach = thrown instanceof PermissionDenied;
      return false;
    }
  }
}
