/**
 * Duplex x Duplex -> SessionTally: joins two sessions with half-close, until both directions have
 * ended or something ends them.
 * @module
 */

import { onAbort } from "../core/abort.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import { type Reason, reasonOfSignal } from "../core/reason.ts";
import type { Flow, SessionTally } from "../core/tally.ts";
import { Deadlines } from "./deadlines.ts";
import { closeLegs, type Leg, type Outcome } from "./legs.ts";
import { discardAll } from "./linger.ts";
import { type Buffering, Pump, type PumpEnd } from "./pump.ts";
import type { Direction } from "./tap.ts";

/** How a relay behaves; everything has a default, none of the times runs unless given. */
export interface RelayOptions {
  /** Serial number for the tally; default 0. */
  readonly id?: number;
  /** Which leg is the peer, for the reasons `peer-end` and `local-end`; default "b". */
  readonly peer?: "a" | "b";
  /** Ends the session when nothing moved for so long (ms). */
  readonly idleMs?: number;
  /** Ends the session at this age (ms). */
  readonly lifetimeMs?: number;
  /** How long the other direction may go on after one ended (ms). */
  readonly eofTimeoutMs?: number;
  /** Ends the session so long (ms) after the later of the end of a's input and the last byte. */
  readonly untilQuietMs?: number;
  /**
   * After a's end of input, ends the session once so many messages came from b; "as-sent": as
   * many as went there. With a number, fewer is an error.
   */
  readonly replies?: number | "as-sent";
  /** Only this direction carries data; what comes the other way is thrown away. */
  readonly oneWay?: Direction;
  /** When what was read is written; default "none", at once. */
  readonly buffering?: Buffering;
  /** Ends the session as soon as b ends (a person at a terminal has nothing to half-close). */
  readonly endWithPeer?: boolean;
}

/**
 * One relay session. `aToB` and `bToA` are live while it runs.
 *
 * It owns both legs: they are closed when `run` settles, however it ends.
 */
export class Relay {
  /** What was read from `a` and written to `b` so far. */
  readonly aToB: Flow = { bytes: 0, writes: 0 };
  /** What was read from `b` and written to `a` so far. */
  readonly bToA: Flow = { bytes: 0, writes: 0 };
  readonly #a: Leg;
  readonly #b: Leg;
  readonly #context: Context;
  readonly #options: RelayOptions;
  /** Made when there is a deadline: most sessions have none. */
  #deadlines: Deadlines | undefined;
  #isOver = false;
  /** Those that have not ended. */
  readonly #pumps: Pump[] = [];
  #finish: (outcome: Outcome) => void = () => {};
  #activeMs: number;
  #firstEnd: "a" | "b" | undefined;
  #writeFailure: NetError | undefined;

  /** Moves nothing before `run`. */
  constructor(a: Duplex, b: Duplex, context: Context, options: RelayOptions = {}) {
    this.#a = { end: a, name: "a", inputEnded: false };
    this.#b = { end: b, name: "b", inputEnded: false };
    this.#context = context;
    this.#options = options;
    this.#activeMs = context.clock.now();
  }

  /**
   * Runs the session to its end. Never throws: what broke it is in the tally. Waits by a callback:
   * the frame of an async function would be held for as long as the session is idle.
   */
  run(): Promise<SessionTally> {
    const startMs = this.#context.clock.now();
    const { signal } = this.#context;
    const over = new Promise<Outcome>((resolve) => this.#finish = resolve);
    const forget = onAbort(signal, () => this.#finish({ reason: reasonOfSignal(signal) }));
    const running = signal.aborted ? [] : this.#start();
    this.#setTimers();
    return over.then((outcome) => {
      forget();
      return this.#over(outcome, running, startMs);
    });
  }

  /** Ends it for a reason that its legs do not tell. Nothing before `run`, and after its end. */
  stop(reason: Reason): void {
    this.#finish({ reason });
  }

  async #over(
    outcome: Outcome,
    running: readonly Promise<void>[],
    startMs: number,
  ): Promise<SessionTally> {
    this.#isOver = true;
    this.#deadlines?.cancel();
    const failure = await closeLegs(this.#a, this.#b, outcome, this.#context);
    await Promise.all(running);
    const child = await (this.#b.end.child ?? this.#a.end.child);
    return {
      id: this.#options.id ?? 0,
      a: this.#a.end.remote.text,
      b: this.#b.end.remote.text,
      aToB: this.aToB,
      bToA: this.bToA,
      durationMs: this.#context.clock.now() - startMs,
      ...outcome,
      ...failure,
      ...(child ? { child } : {}),
    };
  }

  #start(): Promise<void>[] {
    const running = [
      this.#startPump("a-b", this.#a, this.#b),
      this.#startPump("b-a", this.#b, this.#a),
    ];
    if (this.#pumps.length === 0) this.#finish({ reason: "local-end" });
    return running;
  }

  /**
   * A direction exists where the one end can be read and the other written. Where it does not, the
   * input is thrown away: unread, it would turn the close into a reset.
   */
  #startPump(direction: Direction, from: Leg, to: Leg): Promise<void> {
    const { oneWay, buffering = "none" } = this.#options;
    const readable = !from.end.traits.writeOnly;
    const exists = readable && !to.end.traits.readOnly && (oneWay ?? direction) === direction;
    if (!exists) return this.#discard(from, to, readable);
    const flow = direction === "a-b" ? this.aToB : this.bToA;
    const pump = new Pump(from.end, to.end, { flow, buffering, moved: this.#moved });
    this.#pumps.push(pump);
    return pump.run().then((end) => this.#ended(pump, from, to, end));
  }

  async #discard(from: Leg, to: Leg, readable: boolean): Promise<void> {
    const broken = readable ? await discardAll(from.end) : undefined;
    if (broken !== undefined) return this.#readFailed(broken);
    from.inputEnded = true;
    // Its data is thrown away, its end is not: a child may wait for the end of its input before it
    // says a word.
    if (readable) await this.#passEnd(to);
    if (readable && from.end.child !== undefined) this.#childEnded(from);
    if (from.name === "a") this.#afterInput();
  }

  /** A child that has ended neither gives nor takes any more, whatever the other leg still says. */
  #childEnded(from: Leg): void {
    this.#firstEnd ??= from.name;
    this.#finish(this.#orderly());
  }

  readonly #moved = (): void => {
    this.#activeMs = this.#context.clock.now();
    const { replies } = this.#options;
    if (replies !== undefined && this.#a.inputEnded) this.#countReplies(replies);
  };

  #countReplies(replies: number | "as-sent"): void {
    const wanted = replies === "as-sent" ? this.aToB.writes : replies;
    if (this.bToA.writes >= wanted) this.#finish({ reason: "local-end" });
  }

  async #ended(pump: Pump, from: Leg, to: Leg, end: PumpEnd): Promise<void> {
    if (end.kind === "end") {
      from.inputEnded = true;
      this.#firstEnd ??= from.name;
      await this.#passEnd(to);
    } else {
      this.#failed(end, to);
    }
    // Not before the end was passed on: what fails in that is part of how the session ends.
    this.#pumps.splice(this.#pumps.indexOf(pump), 1);
    const { endWithPeer, eofTimeoutMs } = this.#options;
    if (end.kind === "end" && from.end.child !== undefined) {
      this.#childEnded(from);
    } else if (this.#pumps.length === 0 || (endWithPeer && from.name === "b")) {
      this.#finish(this.#orderly());
    } else if (eofTimeoutMs !== undefined) {
      this.#after(eofTimeoutMs, () => {
        this.#finish({ reason: "limit", error: this.#eofTimeout() });
      });
    }
    if (from.name === "a") this.#afterInput();
  }

  /** Half-close: the end of one direction becomes the end of input of the other leg. */
  async #passEnd(to: Leg): Promise<void> {
    try {
      await to.end.closeWrite();
    } catch (thrown) {
      this.#writeFailure ??= toNetError(thrown, "write", to.end.remote.text);
    }
  }

  #failed(end: Exclude<PumpEnd, { kind: "end" }>, to: Leg): void {
    const { error } = end;
    if (end.kind === "write-failed" && error.kind === "broken" && to.end.local.scheme === "stdio") {
      // The reader of our standard output has what it wanted (`| head -1`).
      return this.#finish({ reason: "local-end" });
    }
    if (end.kind === "write-failed" && (error.kind === "broken" || error.kind === "reset")) {
      // It takes no more, but may still have something to say: the other direction tells.
      this.#writeFailure ??= error;
      return;
    }
    this.#readFailed(error);
  }

  /** Also kind "aborted": who closes a leg from outside must not leave the other one waiting. */
  #readFailed(error: NetError): void {
    this.#finish({ reason: reasonOfError(error), error });
  }

  #orderly(): Outcome {
    if (this.#writeFailure !== undefined) {
      return { reason: reasonOfError(this.#writeFailure), error: this.#writeFailure };
    }
    const { peer, replies } = this.#options;
    if (typeof replies === "number" && this.bToA.writes < replies) {
      return { reason: "limit", error: this.#repliesMissing(replies) };
    }
    return { reason: this.#firstEnd === (peer ?? "b") ? "peer-end" : "local-end" };
  }

  #setTimers(): void {
    const { idleMs, lifetimeMs } = this.#options;
    if (idleMs !== undefined) this.#watchIdle(idleMs);
    if (lifetimeMs !== undefined) {
      this.#after(lifetimeMs, () => this.#finish({ reason: "lifetime" }));
    }
  }

  /** Calls `then` once nothing has moved for so long. */
  #afterQuiet(quietMs: number, then: () => void): void {
    if (this.#isOver) return;
    this.#deadlines ??= new Deadlines(this.#context.clock);
    this.#deadlines.afterQuiet(quietMs, () => this.#activeMs, then);
  }

  #after(delayMs: number, then: () => void): void {
    if (this.#isOver) return;
    this.#deadlines ??= new Deadlines(this.#context.clock);
    this.#deadlines.after(delayMs, then);
  }

  /** A write of much to a slow peer counts as movement while the peer's kernel acknowledges it. */
  #watchIdle(idleMs: number, unacknowledged = this.#unacknowledged()): void {
    this.#afterQuiet(idleMs, () => {
      const left = this.#unacknowledged();
      const writing = this.#pumps.some((pump) => pump.writing);
      if (!writing || left === unacknowledged) {
        return this.#finish({ reason: "idle", error: this.#idleError(idleMs) });
      }
      this.#activeMs = this.#context.clock.now();
      this.#watchIdle(idleMs, left);
    });
  }

  #unacknowledged(): number {
    return (this.#a.end.unacknowledged?.() ?? 0) + (this.#b.end.unacknowledged?.() ?? 0);
  }

  /** What a's end of input sets in motion: waiting for quiet, or for replies. */
  #afterInput(): void {
    const { untilQuietMs, replies } = this.#options;
    if (replies !== undefined) this.#countReplies(replies);
    if (untilQuietMs === undefined) return;
    this.#activeMs = this.#context.clock.now();
    this.#afterQuiet(untilQuietMs, () => {
      const outcome = this.#orderly();
      // Silence was asked for: that the peer did not end is how it should be.
      this.#finish(outcome.error ? outcome : { reason: "local-end" });
    });
  }

  #error(kind: "idle" | "limit" | "result", message: string): NetError {
    return new NetError({ kind, op: "relay", address: this.#b.end.remote.text, message });
  }

  #idleError(idleMs: number): NetError {
    return this.#error("idle", `nothing moved for ${idleMs} ms`);
  }

  #eofTimeout(): NetError {
    const { eofTimeoutMs } = this.#options;
    return this.#error(
      "limit",
      `one direction ended and the other went on for more than ${eofTimeoutMs} ms (--eof-timeout)`,
    );
  }

  #repliesMissing(wanted: number): NetError {
    const message = `${this.bToA.writes} of ${wanted} replies came (--replies)`;
    return this.#error("limit", message);
  }
}

/** The word for a session that an error ended. */
export function reasonOfError(error: NetError): Reason {
  switch (error.kind) {
    case "reset":
    case "broken":
      return "reset";
    case "timeout":
    case "dead":
      return "dead";
    case "idle":
      return "idle";
    case "limit":
      return "limit";
    default:
      return "error";
  }
}

/**
 * Joins two sessions until both directions have ended.
 *
 * End of input is half-close: when one direction ends only that one is shut, after its last byte,
 * and the other goes on until it ends, too. No timer runs unless an option asks for it.
 *
 * @returns how it went; what broke it is in `error`, it never throws
 */
export function relay(
  a: Duplex,
  b: Duplex,
  context: Context,
  options: RelayOptions = {},
): Promise<SessionTally> {
  return new Relay(a, b, context, options).run();
}
