/**
 * The manager of an elastic pool, as socket courses teach it: it looks now and then, grows by a
 * step when many wait, shrinks by a step when few work. Without threads, timers or promises.
 * @module
 */

import type { Machine, Sink } from "../core/machine.ts";

/** The manager's numbers. */
export interface ManagerOptions {
  /** Workers that are always there. */
  readonly minimum: number;
  /** The most workers. */
  readonly maximum: number;
  /** How often it looks (ms); default 10,000. */
  readonly checkMs?: number;
  /** So many are started or ended at a time; also how many must wait for growth; default 10. */
  readonly step?: number;
  /** Pause after a worker could not be started, or died before it was ready (ms); default 100. */
  readonly pauseMs?: number;
}

/** What happens to the pool. */
export type ManagerInput =
  | { readonly kind: "open" }
  /** So many tasks wait, and so many workers work, from now on. */
  | { readonly kind: "load"; readonly queued: number; readonly busy: number }
  /** A worker has ended: asked to, or by itself; `wasReady` where it had been of use. */
  | { readonly kind: "ended"; readonly expected: boolean; readonly wasReady: boolean }
  | { readonly kind: "start-failed" }
  | { readonly kind: "close" }
  | { readonly kind: "tick" };

/** What the pool is to do: start a worker, or end one that has nothing to do. */
export type ManagerOutput = "start" | "end-idle";

const defaults = { checkMs: 10_000, step: 10, pauseMs: 100 };

/** Decides how many workers there are. */
export class PoolManager implements Machine<ManagerInput, ManagerOutput> {
  readonly #options: Required<ManagerOptions>;
  #size: number;
  #alive = 0;
  #queued = 0;
  #busy = 0;
  #nextCheckMs = Infinity;
  #pausedUntilMs = -Infinity;

  /** Nothing is started before "open". */
  constructor(options: ManagerOptions) {
    this.#options = { ...defaults, ...options };
    this.#size = 0;
  }

  /** Workers that there are, those being started included. */
  get alive(): number {
    return this.#alive;
  }

  get deadlineMs(): number | null {
    const resume = this.#alive < this.#size ? Math.max(this.#pausedUntilMs, 0) : Infinity;
    const first = Math.min(this.#nextCheckMs, resume);
    return first === Infinity ? null : first;
  }

  step(input: ManagerInput, nowMs: number, out: Sink<ManagerOutput>): void {
    const { minimum, checkMs, pauseMs } = this.#options;
    switch (input.kind) {
      case "open":
        this.#size = minimum;
        this.#nextCheckMs = nowMs + checkMs;
        break;
      case "load":
        this.#queued = input.queued;
        this.#busy = input.busy;
        break;
      case "ended":
        this.#alive--;
        // One that never was of use would be started again and again without a pause.
        if (!input.expected && !input.wasReady) this.#pausedUntilMs = nowMs + pauseMs;
        break;
      case "start-failed":
        this.#alive--;
        this.#pausedUntilMs = nowMs + pauseMs;
        break;
      case "close":
        this.#size = 0;
        this.#nextCheckMs = Infinity;
        break;
      case "tick":
        if (nowMs >= this.#nextCheckMs) this.#look(nowMs, out);
    }
    while (this.#alive < this.#size && nowMs >= this.#pausedUntilMs) {
      this.#alive++;
      out.put("start");
    }
  }

  #look(nowMs: number, out: Sink<ManagerOutput>): void {
    const { minimum, maximum, step, checkMs } = this.#options;
    this.#nextCheckMs = nowMs + checkMs;
    if (this.#queued >= step && this.#alive < maximum) {
      this.#size = Math.min(maximum, this.#alive + step);
    } else if (this.#busy * 2 < this.#alive && this.#alive > minimum) {
      const size = Math.max(minimum, this.#alive - step);
      const idle = this.#alive - this.#busy;
      this.#size = Math.max(size, this.#alive - idle);
      for (let excess = this.#alive - this.#size; excess > 0; excess--) out.put("end-idle");
    }
  }
}
