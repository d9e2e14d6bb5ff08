/**
 * When to dial: the states of a connection that is made anew whenever it is lost. No I/O; time is
 * an argument.
 *
 * ```text
 *   idle -start-> dialling -connected-> up -lost-> waiting -deadline-> dialling ...
 *                     +----- failed ---------------^
 * ```
 *
 * A connection counts as held once it was up for 10 s. Only that begins the count and the backoff
 * anew: a server that accepts and closes at once would otherwise be dialled without a pause.
 * @module
 */

import type { Machine, Sink } from "../core/machine.ts";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import type { Fault } from "./reconnect_fault.ts";

/** Where a connection is. */
export type ReconnectState = "idle" | "dialling" | "up" | "waiting" | "over";

/** What happens to it. */
export type ReconnectInput =
  | { readonly kind: "start" | "connected" | "deadline" | "close" }
  /** The attempt failed; the connection was lost. */
  | { readonly kind: "failed" | "lost"; readonly fault: Fault }
  /** Somebody wants it now; or the machine's network changed, which is a reason to look. */
  | { readonly kind: "retry"; readonly because: "asked" | "network" };

/** What is to be done. */
export type ReconnectOutput =
  /** Begin an attempt; those in a row are numbered from 1. */
  | { readonly kind: "dial"; readonly attempt: number }
  /** The attempt under way is let go. */
  | { readonly kind: "cancel" }
  /** Nothing for so long. */
  | { readonly kind: "wait"; readonly delayMs: number }
  /** It is over: a fault was final, or too many attempts in a row have failed. */
  | { readonly kind: "give-up"; readonly failures: number; readonly isFinal: boolean };

/** How a machine decides. */
export interface ReconnectPolicy {
  /** Attempts in a row that may fail, the first dial included; default Infinity. */
  readonly attempts?: number;
  /** Delays between attempts; default 200 ms to 30 s. */
  readonly backoff?: BackoffOptions;
  /** A connection that was up for so long has held, ms; default 10,000. */
  readonly heldMs?: number;
}

/** A connection that was up for so long has held, ms. */
const usualHeldMs = 10_000;
/**
 * Longest wait after a fault of this machine. The long waits of a backoff are for the peer's sake,
 * and an attempt that does not leave the machine costs it nothing.
 */
const longestLocalWaitMs = 5_000;
/** A network that changes all the time does not make it dial more often than this. */
const networkPaceMs = 1_000;

/** What each input does in each state. An input that is not in the row came too late, and is none. */
const transitions = {
  idle: { start: "dial", close: "end" },
  dialling: { connected: "rise", failed: "fail", retry: "redial", close: "end" },
  up: { lost: "fall", close: "end" },
  waiting: { deadline: "dial", retry: "hurry", close: "end" },
  over: {},
} as const satisfies Readonly<
  Record<ReconnectState, Readonly<Partial<Record<ReconnectInput["kind"], Action>>>>
>;

type Action = "dial" | "rise" | "fail" | "fall" | "redial" | "hurry" | "end";

/** One connection's machine. */
export class ReconnectMachine implements Machine<ReconnectInput, ReconnectOutput> {
  readonly #attempts: number;
  readonly #heldMs: number;
  readonly #backoff: Backoff;
  /** Apart from the peer's: what this machine fails at must not make the peer wait. */
  readonly #localBackoff: Backoff;
  #state: ReconnectState = "idle";
  #deadlineMs: number | null = null;
  #failures = 0;
  #tries = 0;
  #dialledMs = 0;
  #upMs = 0;
  #wasUp = false;
  #hasHeld = false;
  #lastFault: Fault = "remote";

  constructor(policy: ReconnectPolicy = {}) {
    const { attempts = Infinity, backoff = {}, heldMs = usualHeldMs } = policy;
    this.#attempts = attempts;
    this.#heldMs = heldMs;
    this.#backoff = new Backoff(backoff);
    const maximumMs = Math.min(backoff.maximumMs ?? Infinity, longestLocalWaitMs);
    this.#localBackoff = new Backoff({ ...backoff, maximumMs });
  }

  /** Where it is. */
  get state(): ReconnectState {
    return this.#state;
  }

  /** When it wants the input "deadline"; null outside of waiting. */
  get deadlineMs(): number | null {
    return this.#deadlineMs;
  }

  /** Attempts in a row that failed by the peer's fault. */
  get failures(): number {
    return this.#failures;
  }

  /** Attempts in a row, those that failed here included. */
  get attempt(): number {
    return this.#tries;
  }

  /** True once there has been a connection. */
  get wasUp(): boolean {
    return this.#wasUp;
  }

  /** True once a connection has lasted, the one that is up included. */
  hasHeld(nowMs: number): boolean {
    return this.#hasHeld || (this.#state === "up" && nowMs - this.#upMs >= this.#heldMs);
  }

  /** Takes one input; those that do not belong to the state are ignored. */
  step(input: ReconnectInput, nowMs: number, out: Sink<ReconnectOutput>): void {
    const row: Readonly<Partial<Record<ReconnectInput["kind"], Action>>> = transitions[this.#state];
    switch (row[input.kind]) {
      case "dial":
        return this.#dial(nowMs, out);
      case "rise":
        return this.#rise(nowMs);
      case "fail":
      case "fall":
        return this.#down(input as { readonly kind: "failed" | "lost"; fault: Fault }, nowMs, out);
      case "redial":
        return this.#redial(nowMs, out);
      case "hurry":
        return this.#hurry(input as { readonly kind: "retry"; because: string }, nowMs, out);
      case "end":
        return this.#end(out);
    }
  }

  #dial(nowMs: number, out: Sink<ReconnectOutput>): void {
    this.#state = "dialling";
    this.#deadlineMs = null;
    this.#dialledMs = nowMs;
    this.#tries++;
    out.put({ kind: "dial", attempt: this.#tries });
  }

  #rise(nowMs: number): void {
    this.#state = "up";
    this.#upMs = nowMs;
    this.#wasUp = true;
    this.#localBackoff.reset();
  }

  /** One that was lost before it had held is an attempt that failed. */
  #down(
    { kind, fault }: { kind: string; fault: Fault },
    nowMs: number,
    out: Sink<ReconnectOutput>,
  ) {
    const held = kind === "lost" && nowMs - this.#upMs >= this.#heldMs;
    if (held) {
      this.#hasHeld = true;
      this.#failures = 0;
      this.#tries = 0;
      this.#backoff.reset();
    }
    this.#lastFault = fault;
    if (fault === "final") return this.#giveUp(out);
    if (fault === "local") return this.#wait(this.#localBackoff.next(), nowMs, out);
    if (!held && ++this.#failures >= this.#attempts) return this.#giveUp(out);
    this.#wait(this.#backoff.next(), nowMs, out);
  }

  #wait(delayMs: number, nowMs: number, out: Sink<ReconnectOutput>): void {
    this.#state = "waiting";
    this.#deadlineMs = nowMs + delayMs;
    out.put({ kind: "wait", delayMs });
  }

  #giveUp(out: Sink<ReconnectOutput>): void {
    this.#state = "over";
    this.#deadlineMs = null;
    out.put({ kind: "give-up", failures: this.#failures, isFinal: this.#lastFault === "final" });
  }

  /**
   * An attempt that hangs since before the network changed hangs on: the kernel sends its next SYN
   * after up to 64 s. A new one sends at once.
   */
  #redial(nowMs: number, out: Sink<ReconnectOutput>): void {
    if (nowMs - this.#dialledMs < networkPaceMs) return;
    out.put({ kind: "cancel" });
    this.#tries--; // the same attempt, begun anew
    this.#dial(nowMs, out);
  }

  #hurry({ because }: { because: string }, nowMs: number, out: Sink<ReconnectOutput>): void {
    const isPaced = because === "network" && this.#lastFault !== "local";
    const earliestMs = isPaced ? this.#dialledMs + networkPaceMs : nowMs;
    if (earliestMs <= nowMs) return this.#dial(nowMs, out);
    this.#deadlineMs = Math.min(this.#deadlineMs ?? earliestMs, earliestMs);
  }

  #end(out: Sink<ReconnectOutput>): void {
    if (this.#state === "dialling") out.put({ kind: "cancel" });
    this.#state = "over";
    this.#deadlineMs = null;
  }
}
