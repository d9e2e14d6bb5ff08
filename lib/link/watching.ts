/**
 * The watch at work: drives the machine with the context's clock, and probes by what it is handed.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { NetError, toNetError } from "../core/error.ts";
import { type EventReader, EventStream } from "../core/event_stream.ts";
import { TimerWheel } from "../core/wheel.ts";
import {
  type StateChange,
  type StateCounts,
  type TargetSettings,
  type TargetStatus,
  WatchMachine,
  type WatchMachineOptions,
} from "./watch.ts";
import type { ProbeOutcome } from "./watch_standing.ts";

/**
 * Asks one target for a sign of life. What is known at once need not be a promise: a thousand
 * probes a second are cheaper without.
 *
 * @param context aborted when the probe has taken too long
 * @returns the round trip in milliseconds
 * @throws {NetError} where there was none; `blame` "local" for a fault of this machine
 */
export type Probe = (target: TargetSettings, context: Context) => number | Promise<number>;

/** What a watch tells. */
export type WatchEvent =
  | StateChange
  | {
    /** The targets are others from now on; those of the same name and address are still known. */
    readonly event: "targets";
    /** How many there are. */
    readonly targets: number;
  };

/** Probes that are due within so many milliseconds of each other share one wake of the loop. */
const togetherMs = 5;

/** Probes that are started in one turn of the loop, which has others to serve too. */
const turnLength = 128;

/** Runs until it is disposed, its signal aborts, or every target has had its rounds. */
export class Watching implements AsyncDisposable, AsyncIterable<WatchEvent> {
  readonly #machine: WatchMachine;
  readonly #events: EventStream<WatchEvent>;
  readonly #probe: Probe;
  readonly #context: Context;
  readonly #running = new Set<{ abort(reason: unknown): void; readonly ended: Promise<void> }>();
  readonly #done = Promise.withResolvers<void>();
  readonly #onAbort = () => this.#stop();
  #timer: Timer | undefined;
  #generation = 0;
  #isOver = false;
  #isTurning = false;

  /**
   * Begins at once.
   *
   * @throws {NetError} kind "usage" where two targets have the same name, "limit" for too many
   */
  constructor(
    targets: readonly TargetSettings[],
    probe: Probe,
    options: WatchMachineOptions,
    context: Context,
  ) {
    this.#probe = probe;
    this.#context = context;
    this.#machine = new WatchMachine(options);
    this.#events = new EventStream(context.limits["event-queue"]);
    this.#retarget(targets);
    if (context.signal.aborted) this.#stop();
    else {
      context.signal.addEventListener("abort", this.#onAbort, { once: true });
      // Not now: who called may have a reader to begin.
      this.#arm(0);
    }
  }

  /** Settles once it has ended and no probe is under way. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** How every target stands now, in the order in which they were given; live objects. */
  get targets(): Iterable<TargetStatus> & { readonly size: number } {
    return this.#machine.targets;
  }

  /** How many targets there are in each state. */
  get counts(): StateCounts {
    return this.#machine.counts;
  }

  /** Probes that are under way. */
  get underWay(): number {
    return this.#machine.underWay;
  }

  /** Grows with everything that changes; see `TargetStatus.revision`. */
  get revision(): number {
    return this.#machine.revision;
  }

  /** Counts how often the targets were others: who shows them begins anew when it has grown. */
  get generation(): number {
    return this.#generation;
  }

  /** Begins to read: changes of states, and of the targets themselves. */
  [Symbol.asyncIterator](): EventReader<WatchEvent> {
    return this.#events[Symbol.asyncIterator]();
  }

  /** Probes every target now, as fast as the bound on probes at a time allows. */
  probeNow(): void {
    if (this.#isOver) return;
    this.#machine.probeAll(this.#context.clock.now());
    this.#turn();
  }

  /**
   * Watches these from now on; what is known of those that stay is kept.
   *
   * @throws {NetError} kind "usage" where two have the same name, "limit" for too many; the targets
   * stay as they were then
   */
  retarget(targets: readonly TargetSettings[]): void {
    if (this.#isOver) return;
    this.#retarget(targets);
    this.#events.put({ event: "targets", targets: targets.length });
    this.#turn();
  }

  /** Ends it: probes under way are cut. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    await this.done;
  }

  #retarget(targets: readonly TargetSettings[]): void {
    const { clock, limits } = this.#context;
    const most = limits["watch-targets"];
    if (targets.length > most) {
      const message = `${targets.length} targets, and ${most} are the most`;
      const hint = "raise --limit watch-targets=N";
      throw new NetError({ kind: "limit", op: "watch", message, hint });
    }
    this.#machine.retarget(targets, clock.now(), clock.wall());
    // The first look at everything changes everything: that much must wait for a reader at least.
    this.#events.widen(2 * targets.length);
    this.#generation++;
  }

  /** Starts what is due; never twice at a time, for a probe may end while it is started. */
  #turn(): void {
    if (this.#isOver || this.#isTurning) return;
    this.#isTurning = true;
    const { clock } = this.#context;
    let started = 0;
    for (; started < turnLength; started++) {
      const target = this.#machine.next(clock.now());
      if (target === null) break;
      this.#start(target);
    }
    this.#isTurning = false;
    if (this.#machine.isFinished) return this.#stop();
    const { deadlineMs } = this.#machine;
    if (deadlineMs === null) return;
    const delayMs = started === turnLength ? 0 : Math.max(togetherMs, deadlineMs - clock.now());
    this.#arm(delayMs);
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#context.clock.timer(delayMs, () => {
      this.#timer = undefined;
      this.#turn();
    });
  }

  #start(target: TargetStatus): void {
    const { settings } = target;
    const controller = new AbortController();
    const within = { ...this.#context, signal: controller.signal };
    let asked: number | Promise<number>;
    try {
      asked = this.#probe(settings, within);
    } catch (thrown) {
      return this.#ended(target, failed(thrown, settings));
    }
    if (typeof asked === "number") return this.#ended(target, { ok: true, roundTripMs: asked });
    this.#follow(target, asked, controller);
  }

  #follow(target: TargetStatus, asked: Promise<number>, controller: AbortController): void {
    const { settings } = target;
    const timer = TimerWheel.of(this.#context.clock).timer(settings.timeoutMs, () => {
      controller.abort(late(settings));
    });
    const finish = (outcome: ProbeOutcome) => {
      timer.cancel();
      this.#running.delete(running);
      this.#ended(target, outcome);
      this.#turn();
    };
    const ended = asked.then(
      (roundTripMs) => finish({ ok: true, roundTripMs }),
      (thrown) => finish(failed(thrown, settings)),
    );
    const running = { abort: (reason: unknown) => controller.abort(reason), ended };
    this.#running.add(running);
  }

  #ended(target: TargetStatus, outcome: ProbeOutcome): void {
    if (this.#isOver) return;
    const { clock } = this.#context;
    const change = this.#machine.ended(target, outcome, clock.now(), clock.wall());
    if (change !== null) this.#events.put(change);
  }

  #stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    const { signal } = this.#context;
    signal.removeEventListener("abort", this.#onAbort);
    const running = [...this.#running];
    const reason = new NetError({ kind: "aborted", op: "watch", message: "the watch ended" });
    for (const one of running) one.abort(reason);
    this.#events.end();
    void Promise.all(running.map(({ ended }) => ended)).then(() => this.#done.resolve());
  }
}

/** What a probe that failed says; the address is left out, which stands beside it. */
function failed(thrown: unknown, { address }: TargetSettings): ProbeOutcome {
  const error = toNetError(thrown, "probe", address);
  const code = error.code === undefined ? "" : ` (${error.code})`;
  // A name that does not resolve is told of the name, not of this machine's resolver.
  const isLocal = error.blame === "local" && error.kind !== "resolve";
  return { ok: false, reason: `${error.reason}${code}`, blame: isLocal ? "local" : "remote" };
}

function late({ address, timeoutMs }: TargetSettings): NetError {
  const message = `no answer within ${timeoutMs} ms`;
  return new NetError({ kind: "timeout", op: "probe", address, message, blame: "remote" });
}
