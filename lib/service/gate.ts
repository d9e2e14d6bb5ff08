/**
 * Arrivals -> admissions: the accept policy of a server as a whole, whatever accepts its
 * connections. The accept loop of this process asks it directly; the processes and threads of the
 * other models ask it over their control pipes, so that every bound is global. It holds no socket.
 * @module
 */

import { sleep, type Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Peer } from "../core/contract.ts";
import { toNetError } from "../core/error.ts";
import { type Reason, reasonOfSignal, SessionEnd } from "../core/reason.ts";
import type { ServerTally } from "../core/tally.ts";
import { TimerWheel } from "../core/wheel.ts";
import { TokenBucket } from "../stream/rate.ts";
import { GateWords } from "./gate_words.ts";
import { Permits } from "./permits.ts";
import {
  type AcceptPolicy,
  type Admission,
  type Arrival,
  connectionBound,
  defaultDrainMs,
  nextSessionId,
  type Refusal,
  type SessionReport,
} from "./policy.ts";

/** A session that was let in and has not ended. */
export interface OpenSession {
  /** Its serial number, as in its session line. */
  readonly id: number;
  /** Who it is, and where it came in. */
  readonly arrival: Arrival;
  /** When it was let in, in monotonic milliseconds. */
  readonly startMs: number;
}

/** Reasons that count as a session that failed. */
const failures: ReadonlySet<Reason> = new Set(["reset", "dead", "limit", "error"]);

/**
 * Lets sessions in, counts them, and says when they must end. Dispose it when the server is over.
 *
 * @example
 * ```ts
 * import { makeContext } from "../core/context.ts";
 * import { Gate } from "./gate.ts";
 *
 * using gate = new Gate({ maximumSessions: 1 }, makeContext());
 * const peer = { scheme: "tcp", text: "tcp://192.0.2.1:5000", host: "192.0.2.1", port: 5000 };
 * const admission = await gate.admit({ remote: peer, local: peer });
 * if (admission.kind === "serve") {
 *   gate.ended(admission.id, { reason: "peer-end", bytesIn: 0, bytesOut: 0 });
 * }
 * ```
 */
export class Gate implements Disposable {
  readonly #policy: AcceptPolicy;
  readonly #context: Context;
  readonly #permits: Permits;
  readonly #bound: number;
  readonly #boundPerPeer: number;
  readonly #bucket: TokenBucket | undefined;
  /** When the accept rate allows the next connection. */
  #rateOpensMs = 0;
  readonly #sessions = new Map<number, OpenSession>();
  readonly #startMs: number;
  readonly #closing = new AbortController();
  readonly #cutting = new AbortController();
  readonly #words: GateWords;
  #count = { accepted: 0, refused: 0, ended: 0, cut: 0, failed: 0, bytesIn: 0, bytesOut: 0 };
  readonly #refusals: Record<Refusal, number> = {
    access: 0,
    full: 0,
    "per-peer": 0,
    draining: 0,
    unserved: 0,
  };
  readonly #endings = new Map<Reason, number>();
  readonly #draining = new AbortController();
  /** Connections that a drain waits for. */
  #awaited = 0;
  #drainTimer: Timer | undefined;
  readonly #onAbort = () => this.cut(reasonOfSignal(this.#context.signal));
  readonly #onDrain = () => this.drain();

  /**
   * Follows `policy.drain` (as `drain()`) and the context's signal (as `cut()`), also where they
   * are aborted already.
   */
  constructor(policy: AcceptPolicy, context: Context) {
    this.#policy = policy;
    this.#context = context;
    this.#startMs = context.clock.now();
    this.#bound = connectionBound(policy, context);
    this.#boundPerPeer = policy.maximumPerPeer ?? context.limits["connections-per-peer"];
    this.#permits = new Permits(this.#bound, this.#boundPerPeer);
    this.#words = new GateWords(policy, context, this.#bound, this.#boundPerPeer);
    if (policy.acceptRate !== undefined) {
      this.#bucket = new TokenBucket(policy.acceptRate, this.#startMs);
    }
    context.signal.addEventListener("abort", this.#onAbort, { once: true });
    policy.drain?.addEventListener("abort", this.#onDrain, { once: true });
    if (policy.drain?.aborted) this.#onDrain();
    if (context.signal.aborted) this.#onAbort();
  }

  /** Aborted once nobody is let in any more: listeners are to be closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Aborted when the server was told to end; sessions of datagrams end then. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** Aborted, with a `SessionEnd`, when every session that is still open is to be cut. */
  get cutting(): AbortSignal {
    return this.#cutting.signal;
  }

  /** What the server has done so far; live. */
  tally(): ServerTally {
    return { ...this.#count, durationMs: this.#context.clock.now() - this.#startMs };
  }

  /** How many were turned away, by reason; live. */
  get refusals(): Readonly<Record<Refusal, number>> {
    return this.#refusals;
  }

  /** How many sessions have ended, by reason; live. A reason that never was is not in it. */
  get endings(): ReadonlyMap<Reason, number> {
    return this.#endings;
  }

  /** How many sessions are open now. */
  get open(): number {
    return this.#sessions.size;
  }

  /** The most connections at a time. */
  get bound(): number {
    return this.#bound;
  }

  /** The sessions that are open now, oldest first. */
  sessions(): Iterable<OpenSession> {
    return this.#sessions.values();
  }

  /**
   * Asked before accept(2): waits until a connection could be let in, so that a client without a
   * place stays in the backlog and costs nothing. Nothing is reserved by it: a place reserved for
   * a listener where nobody comes would be missing where somebody does. So several acceptors may
   * find the same last place free, and those that come too late wait in `admit`, with one
   * connection each.
   *
   * @returns false once nobody is let in any more
   */
  async ready(datagrams = false): Promise<boolean> {
    const { signal } = this.#closing;
    while (!signal.aborted && this.#mustWait(datagrams)) await this.#wait(signal);
    return !signal.aborted;
  }

  /**
   * Decides about a connection that was accepted; waits where it has to wait. Whoever is let in
   * must be reported by `ended`, whatever happens. One that was accepted just before the server was
   * closed is still served: it has been taken out of the backlog, where the next server, to which
   * the socket may have been handed over, would have found it.
   */
  async admit(arrival: Arrival): Promise<Admission> {
    const denied = this.#denial(arrival.remote);
    if (denied !== null) return this.#refuse(arrival, "access", denied);
    const { datagrams = false } = arrival;
    const { signal } = this.#policy.once ? this.#closing : this.#cutting;
    // Nothing may come between this and taking the place.
    while (!signal.aborted && this.#mustWait(datagrams)) await this.#wait(signal);
    if (signal.aborted) {
      return this.#refuse(arrival, "draining", "the server is shutting down");
    }
    if (datagrams) return this.#serve(arrival);
    if (this.#permits.isFull) {
      this.#words.full("others are refused");
      const open = this.#bound === 1
        ? "1 connection is open"
        : `${this.#bound} connections are open`;
      return this.#refuse(arrival, "full", open);
    }
    if (!this.#permits.take(arrival.remote)) {
      this.#words.fullForPeer();
      return this.#refuse(arrival, "per-peer", `${this.#boundPerPeer} of this address are open`);
    }
    return this.#serve(arrival);
  }

  /** Counts a client that could not be served at all, and was refused elsewhere. */
  turnedAway(arrival: Arrival, why: string): void {
    this.#refuse(arrival, "unserved", why);
  }

  /**
   * Reports the end of a session that was let in: its line is said here. Idempotent.
   *
   * @param dropped true where a drain ended it before its time, as `cut` does with all
   */
  ended(id: number, report: SessionReport, dropped = false): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    if (!session.arrival.datagrams) this.#permits.giveBack(session.arrival.remote);
    const { reason, bytesIn, bytesOut } = report;
    this.#count.bytesIn += bytesIn;
    this.#count.bytesOut += bytesOut;
    this.#endings.set(reason, (this.#endings.get(reason) ?? 0) + 1);
    if (dropped || this.#wasCut(session.arrival, reason)) this.#count.cut++;
    else if (failures.has(reason)) this.#count.failed++;
    else this.#count.ended++;
    const durationMs = this.#context.clock.now() - session.startMs;
    this.#words.ended({ id, arrival: session.arrival, report, durationMs });
  }

  /** Lets nobody in any more; sessions go on. Idempotent. */
  close(): void {
    this.#closing.abort(new SessionEnd("drain"));
    this.#permits.wake();
  }

  /** Closes, and cuts what is still open after the policy's time. Idempotent. */
  drain(): void {
    if (this.#draining.signal.aborted) return;
    const { clock } = this.#context;
    const { drainMs = defaultDrainMs } = this.#policy;
    this.#awaited = [...this.#sessions.values()].filter(({ arrival }) => !arrival.datagrams).length;
    this.#drainTimer = TimerWheel.of(clock).timer(drainMs, () => this.cut("drain"));
    this.#draining.abort(new SessionEnd("drain"));
    this.close();
    this.#words.draining(this.#awaited, drainMs);
  }

  /** Closes, and cuts every session. The first reason holds. */
  cut(reason: Reason): void {
    this.#drainTimer?.cancel();
    if (!this.#cutting.signal.aborted) this.#cutting.abort(new SessionEnd(reason));
    this.close();
  }

  /** Follows signals no more, keeps no timer, and says how a drain went. Call it once. */
  [Symbol.dispose](): void {
    this.#context.signal.removeEventListener("abort", this.#onAbort);
    this.#policy.drain?.removeEventListener("abort", this.#onDrain);
    this.#drainTimer?.cancel();
    // Nothing is ever cut before a drain.
    if (this.#draining.signal.aborted) this.#words.drained(this.#awaited, this.#count.cut);
  }

  #mustWait(datagrams: boolean): boolean {
    if (datagrams) return false;
    return (this.#waitsWhenFull && this.#permits.isFull) || this.#rateWaitMs() > 0;
  }

  get #waitsWhenFull(): boolean {
    return this.#policy.busyMessage === undefined && this.#policy.whenFull !== "reset";
  }

  #rateWaitMs(): number {
    return this.#rateOpensMs - this.#context.clock.now();
  }

  /** Waits until there may be room, or the signal aborts. */
  async #wait(signal: AbortSignal): Promise<void> {
    const rateWaitMs = this.#rateWaitMs();
    if (rateWaitMs > 0) {
      await sleep(this.#context.clock, rateWaitMs, signal).catch(() => {});
    } else {
      if (!this.#policy.isIterative) this.#words.full("more wait in the backlog");
      await this.#permits.room();
    }
  }

  #serve(arrival: Arrival): Admission {
    const id = (this.#policy.nextId ?? nextSessionId)();
    const startMs = this.#context.clock.now();
    this.#count.accepted++;
    if (!arrival.datagrams) this.#rateOpensMs = startMs + (this.#bucket?.take(1, startMs) ?? 0);
    if (this.#draining.signal.aborted && !arrival.datagrams) this.#awaited++;
    this.#sessions.set(id, { id, arrival, startMs });
    this.#words.opened(id, arrival);
    // Here and not where it is served: nobody else may be let in meanwhile.
    if (this.#policy.once) this.close();
    return { kind: "serve", id };
  }

  /** A list that cannot be asked lets nobody in: what it protects is worth more than an answer. */
  #denial(remote: Peer): string | null {
    try {
      return this.#policy.access?.(remote) ?? null;
    } catch (thrown) {
      return `the access list failed: ${toNetError(thrown, "access").message}`;
    }
  }

  #refuse(arrival: Arrival, why: Refusal, text: string): Admission {
    this.#count.refused++;
    this.#refusals[why]++;
    this.#words.refused(arrival, why, text);
    const isBusy = this.#policy.busyMessage !== undefined && (why === "full" || why === "per-peer");
    return { kind: "refuse", how: isBusy ? "busy" : "reset", why };
  }

  /** A session of datagrams has no connection that could be cut: its end is its end. */
  #wasCut(arrival: Arrival, reason: Reason): boolean {
    const { signal } = this.#cutting;
    return signal.aborted && !arrival.datagrams && reason === reasonOfSignal(signal);
  }
}
