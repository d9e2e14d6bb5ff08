/**
 * Keeping a number of processes or threads alive: when to start one, when one hangs, and when it is
 * better to give up. Without processes, timers or promises: time is an argument.
 * @module
 */

import type { Machine, Sink } from "../core/machine.ts";

/** How patient it is; all in milliseconds but the counts. */
export interface SupervisorOptions {
  /** How often each one is asked for a sign of life; default 1,000. */
  readonly pingMs?: number;
  /** One that gave none for so long hangs, and is replaced; default 10,000. */
  readonly hangMs?: number;
  /** How long one may take to become ready; default 30,000. */
  readonly startMs?: number;
  /** One that ends sooner than this after its start, and without use, died early; default 1,000. */
  readonly earlyMs?: number;
  /** So many early deaths in a row are a crash loop; default 5. */
  readonly crashes?: number;
  /** Pause after the second early death in a row, doubled with each; default 100. */
  readonly pauseMs?: number;
  /** The longest pause; default 5,000. */
  readonly longestPauseMs?: number;
}

/** The defaults of `SupervisorOptions`. */
export const supervisorDefaults: Required<SupervisorOptions> = {
  pingMs: 1_000,
  hangMs: 10_000,
  startMs: 30_000,
  earlyMs: 1_000,
  crashes: 5,
  pauseMs: 100,
  longestPauseMs: 5_000,
};

/** What happens. */
export type SupervisorInput =
  /** So many are to be there from now on. */
  | { readonly kind: "want"; readonly count: number }
  /** The answer to "start": it has this number, or could not be started. */
  | { readonly kind: "started"; readonly id: number }
  | { readonly kind: "start-failed" }
  /** It is ready for use; it has been used; it gave a sign of life. */
  | { readonly kind: "ready" | "used" | "alive"; readonly id: number }
  /** It has ended, asked to or not. */
  | { readonly kind: "exited"; readonly id: number; readonly expected: boolean }
  | { readonly kind: "tick" };

/** What is to be done. */
export type SupervisorOutput =
  | { readonly kind: "start" }
  | { readonly kind: "ping" | "kill"; readonly id: number }
  /** A crash loop; nothing more is started. */
  | { readonly kind: "give-up"; readonly deaths: number };

interface Child {
  readonly startedMs: number;
  isReady: boolean;
  wasUsed: boolean;
  nextPingMs: number;
  /** Pings since the last sign of life. Not times: after a suspended machine all would be late. */
  unanswered: number;
}

/** Decides; whoever drives it starts, asks and kills. */
export class Supervisor implements Machine<SupervisorInput, SupervisorOutput> {
  readonly #options: Required<SupervisorOptions>;
  readonly #children = new Map<number, Child>();
  #wanted = 0;
  /** Starts that were asked for and not answered yet. */
  #starting = 0;
  #earlyDeaths = 0;
  #pausedUntilMs = 0;
  #hasGivenUp = false;

  /** Nothing is wanted at first. */
  constructor(options: SupervisorOptions = {}) {
    this.#options = { ...supervisorDefaults, ...options };
  }

  /** How many there are, those being started included. */
  get alive(): number {
    return this.#children.size + this.#starting;
  }

  get deadlineMs(): number | null {
    let first = Infinity;
    if (this.#isShort()) first = this.#pausedUntilMs;
    for (const child of this.#children.values()) first = Math.min(first, this.#dueMs(child));
    return first === Infinity ? null : first;
  }

  step(input: SupervisorInput, nowMs: number, out: Sink<SupervisorOutput>): void {
    switch (input.kind) {
      case "want":
        this.#wanted = input.count;
        break;
      case "started":
        this.#starting--;
        this.#children.set(input.id, {
          startedMs: nowMs,
          isReady: false,
          wasUsed: false,
          nextPingMs: nowMs + this.#options.pingMs,
          unanswered: 0,
        });
        break;
      case "start-failed":
        this.#starting--;
        // The machine's shortage and not a crash: waited for, however long it lasts.
        this.#pausedUntilMs = nowMs + this.#options.pauseMs;
        break;
      case "exited":
        this.#exited(input.id, input.expected, nowMs, out);
        break;
      case "ready":
      case "used":
      case "alive":
        this.#heard(input.id, input.kind, nowMs);
        break;
      case "tick":
        this.#lookAt(nowMs, out);
    }
    while (this.#isShort() && nowMs >= this.#pausedUntilMs) {
      this.#starting++;
      out.put({ kind: "start" });
    }
  }

  #isShort(): boolean {
    return !this.#hasGivenUp && this.alive < this.#wanted;
  }

  #dueMs({ isReady, startedMs, nextPingMs }: Child): number {
    return isReady ? nextPingMs : startedMs + this.#options.startMs;
  }

  #heard(id: number, what: "ready" | "used" | "alive", nowMs: number): void {
    const child = this.#children.get(id);
    if (child === undefined) return;
    child.unanswered = 0;
    if (what === "ready" && !child.isReady) {
      child.isReady = true;
      child.nextPingMs = nowMs + this.#options.pingMs;
    }
    if (what === "used") child.wasUsed = true;
  }

  #lookAt(nowMs: number, out: Sink<SupervisorOutput>): void {
    const { pingMs, hangMs, startMs } = this.#options;
    for (const [id, child] of this.#children) {
      if (nowMs < this.#dueMs(child)) continue;
      if (!child.isReady || child.unanswered * pingMs >= hangMs) {
        out.put({ kind: "kill", id });
        // Its exit is told; until then it is not looked at again.
        child.isReady = false;
        this.#children.set(id, { ...child, startedMs: nowMs + startMs });
        continue;
      }
      child.unanswered++;
      child.nextPingMs = nowMs + pingMs;
      out.put({ kind: "ping", id });
    }
  }

  #exited(id: number, expected: boolean, nowMs: number, out: Sink<SupervisorOutput>): void {
    const child = this.#children.get(id);
    if (child === undefined) return;
    this.#children.delete(id);
    const { earlyMs, crashes, pauseMs, longestPauseMs } = this.#options;
    const isEarly = !expected && !child.wasUsed && nowMs - child.startedMs < earlyMs;
    if (!isEarly) {
      this.#earlyDeaths = 0;
      return;
    }
    this.#earlyDeaths++;
    if (this.#earlyDeaths >= crashes) {
      if (!this.#hasGivenUp) out.put({ kind: "give-up", deaths: this.#earlyDeaths });
      this.#hasGivenUp = true;
    } else if (this.#earlyDeaths > 1) {
      // The first one is replaced at once: a lone death is no loop.
      const pause = Math.min(longestPauseMs, pauseMs * 2 ** (this.#earlyDeaths - 2));
      this.#pausedUntilMs = nowMs + pause;
    }
  }
}
