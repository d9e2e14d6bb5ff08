/**
 * Requests on a schedule, and what came of each.
 *
 * The schedule is open loop: a request is sent every interval, whether or not the one before was
 * answered. Sending only after an answer would measure a stalled peer once where it stalled for a
 * hundred intervals (coordinated omission). For the same reason a round trip counts from when its
 * request was to be written, should a full stream hold it up. It does not count from when the timer
 * was due: that this machine's timers are a millisecond late says nothing of the peer.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { NetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";
import { PendingProbes } from "./pending_probes.ts";
import type { EchoDifference, MakeProber, PongDetail, ProbeEvents } from "./prober.ts";

/** What came of one request. */
export type PingResult =
  /** It was answered in time. */
  | { readonly kind: "reply"; readonly sequence: number; readonly roundTripMs: number }
    & Partial<PongDetail>
  /** It was not: no answer within the time, or it is known why there is none. */
  | { readonly kind: "lost"; readonly sequence: number; readonly error?: NetError }
  /** An answer came after it had been given up: it has been reported as lost. */
  | { readonly kind: "late"; readonly sequence: number; readonly roundTripMs: number }
  /** A second answer. */
  | { readonly kind: "duplicate"; readonly sequence: number }
  /** An echo that differs; null where no request that waits can be named: it counts already. */
  | { readonly kind: "different"; readonly sequence: number | null } & EchoDifference;

/** Numbers of requests have 32 bits on their way. */
const mostRequests = 2 ** 32 - 1;

/** When to send, and how long to wait. */
export interface PingSchedule {
  /** How many requests; default as many as there are numbers: 49 days of one a millisecond. */
  readonly count?: number;
  /** Time from one request to the next, in milliseconds. */
  readonly intervalMs: number;
  /** When a request counts as lost, in milliseconds. */
  readonly timeoutMs: number;
}

/** One run of requests over one prober. */
export class PingRun {
  readonly #schedule: PingSchedule;
  readonly #context: Context;
  readonly #report: (result: PingResult) => void;
  readonly #pending: PendingProbes;
  readonly #make: MakeProber;
  readonly #over = Promise.withResolvers<NetError | null>();
  #sent = 0;
  #dueMs = 0;
  #timer: Timer | undefined;

  /** @param report told what comes of each request; must not throw */
  constructor(
    make: MakeProber,
    schedule: PingSchedule,
    report: (result: PingResult) => void,
    context: Context,
  ) {
    this.#make = make;
    this.#schedule = schedule;
    this.#report = report;
    this.#context = context;
    this.#pending = new PendingProbes(schedule.timeoutMs);
  }

  /** Requests so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Requests that are neither answered nor lost. */
  get waiting(): number {
    return this.#pending.size;
  }

  /**
   * Runs until every request was answered or lost, the session ends, or the context is aborted.
   * Call it once.
   *
   * @returns what ended it before its time, or null; a signal is nothing that went wrong
   */
  async run(): Promise<NetError | null> {
    const { signal, clock } = this.#context;
    const stop = () => this.#over.resolve(null);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    const prober = this.#make(this.#events());
    try {
      this.#dueMs = clock.now();
      const turn = () => {
        this.#turn((sequence) => prober.probe(sequence));
        this.#timer = this.#arm(turn);
      };
      if (!signal.aborted) turn();
      return await this.#over.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#timer?.cancel();
      await prober[Symbol.asyncDispose]();
    }
  }

  #turn(send: (sequence: number) => void): void {
    const nowMs = this.#context.clock.now();
    for (const sequence of this.#pending.expire(nowMs)) this.#report({ kind: "lost", sequence });
    const { count = mostRequests, intervalMs } = this.#schedule;
    if (this.#sent < count && nowMs >= this.#dueMs) {
      // After this process itself was held up (stopped, a machine asleep) nothing is made up for:
      // a burst would measure its own queue.
      const isBehind = nowMs - this.#dueMs > intervalMs;
      const dueMs = isBehind ? nowMs : this.#dueMs;
      this.#dueMs = dueMs + intervalMs;
      this.#sent++;
      send(this.#pending.sent(nowMs));
    }
    this.#endIfDone();
  }

  #arm(turn: () => void): Timer | undefined {
    const { count = mostRequests } = this.#schedule;
    const nextMs = this.#sent < count ? this.#dueMs : Infinity;
    const atMs = Math.min(nextMs, this.#pending.deadlineMs ?? Infinity);
    const { clock } = this.#context;
    if (atMs === Infinity) return undefined;
    return TimerWheel.of(clock).timer(atMs - clock.now(), turn);
  }

  #endIfDone(): void {
    const { count = mostRequests } = this.#schedule;
    if (this.#sent >= count && this.#pending.size === 0) this.#over.resolve(null);
  }

  #events(): ProbeEvents {
    const pending = this.#pending;
    return {
      isWaiting: (sequence) => pending.isWaiting(sequence),
      answered: (sequence, detail) => {
        const answer = pending.answered(sequence, this.#context.clock.now());
        if (answer.kind === "answer") {
          const { roundTripMs } = answer;
          this.#report({ kind: "reply", sequence, roundTripMs, ...detail });
        } else if (answer.kind === "late") {
          this.#report({ kind: "late", sequence, roundTripMs: answer.roundTripMs });
        } else if (answer.kind === "duplicate") {
          this.#report({ kind: "duplicate", sequence });
        }
        this.#endIfDone();
      },
      failed: (sequence, error) => this.#failed(sequence, error),
      unreached: (error) => {
        const sequence = pending.oldest;
        if (sequence !== null) this.#failed(sequence, error);
      },
      differed: (sequence, difference) => {
        const isWaiting = sequence !== null && pending.failed(sequence);
        this.#report({ kind: "different", sequence: isWaiting ? sequence : null, ...difference });
        this.#endIfDone();
      },
      ended: (error) => {
        // What was on its way is lost with it.
        for (const sequence of pending.giveUp()) this.#report({ kind: "lost", sequence, error });
        this.#over.resolve(error);
      },
    };
  }

  #failed(sequence: number, error: NetError): void {
    if (this.#pending.failed(sequence)) this.#report({ kind: "lost", sequence, error });
    this.#endIfDone();
  }
}
