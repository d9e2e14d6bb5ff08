/**
 * Listener x handler -> ServerTally: the one accept loop. It owns the policy: who is let in, how
 * many, what a failure means, and how it all ends.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Incoming, Listener } from "../core/contract.ts";
import { Scope } from "../core/scope.ts";
import { toNetError } from "../core/error.ts";
import type { LimitName } from "../core/limits.ts";
import { type Reason, reasonOfSignal } from "../core/reason.ts";
import type { ServerTally } from "../core/tally.ts";
import { TimerWheel } from "../core/wheel.ts";
import { Acceptor } from "./accept.ts";
import type { SessionOutcome } from "./contract.ts";
import { Permits } from "./permits.ts";
import {
  type AcceptPolicy,
  connectionBound,
  defaultDrainMs,
  nextSessionId,
  type SessionHandler,
} from "./policy.ts";
import { SessionTask } from "./session_task.ts";

/** Reasons that count as a session that failed. */
const failures: ReadonlySet<Reason> = new Set(["reset", "dead", "limit", "error"]);

/** A server at work; `serve` is the short way. */
export class Server {
  readonly #listeners: readonly Listener[];
  readonly #handler: SessionHandler;
  readonly #policy: AcceptPolicy;
  readonly #context: Context;
  readonly #permits: Permits;
  readonly #bound: number;
  readonly #boundPerPeer: number;
  readonly #sessions = new Set<SessionTask>();
  readonly #startMs: number;
  /** Aborted once no more sessions are let in. */
  readonly #closing = new AbortController();
  readonly #said = new Set<string>();
  #drainTimer: Timer | undefined;
  #count = { accepted: 0, refused: 0, ended: 0, cut: 0, failed: 0, bytesIn: 0, bytesOut: 0 };

  /** Nothing is accepted before `run`. It owns the listeners and closes them. */
  constructor(
    listeners: readonly Listener[],
    handler: SessionHandler,
    policy: AcceptPolicy,
    context: Context,
  ) {
    this.#listeners = listeners;
    this.#handler = handler;
    this.#policy = policy;
    this.#context = context;
    this.#bound = connectionBound(policy, context);
    this.#boundPerPeer = policy.maximumPerPeer ?? context.limits["connections-per-peer"];
    this.#permits = new Permits(this.#bound, this.#boundPerPeer);
    this.#startMs = context.clock.now();
  }

  /** What it has done so far; live. */
  tally(): ServerTally {
    return { ...this.#count, durationMs: this.#context.clock.now() - this.#startMs };
  }

  /** Sessions that are open now. */
  get open(): number {
    return this.#sessions.size;
  }

  /**
   * Serves until the listeners are closed and every session has ended. Call it once.
   *
   * @throws {NetError} what ended a listener; the sessions are cut and everything is closed then
   */
  async run(): Promise<ServerTally> {
    const { signal } = this.#context;
    const { drain } = this.#policy;
    const onAbort = () => this.#cut(reasonOfSignal(signal));
    const onDrain = () => this.#drain();
    signal.addEventListener("abort", onAbort, { once: true });
    drain?.addEventListener("abort", onDrain, { once: true });
    try {
      if (drain?.aborted) onDrain();
      if (signal.aborted) onAbort();
      // Not under the server's signal: its sessions are told by `cut`, each with the reason.
      const scope = new Scope({ ...this.#context, signal: new AbortController().signal });
      for (const listener of this.#listeners) scope.spawn(() => this.#accept(listener, scope));
      await scope.join();
    } finally {
      signal.removeEventListener("abort", onAbort);
      drain?.removeEventListener("abort", onDrain);
      this.#drainTimer?.cancel();
      await Promise.all(this.#listeners.map((listener) => this.#close(listener)));
    }
    return this.tally();
  }

  async #accept(listener: Listener, scope: Scope): Promise<void> {
    const { signal } = this.#closing;
    const acceptor = new Acceptor(listener, { ...this.#context, signal });
    try {
      while (!signal.aborted) {
        // Before accepting: a client without a place waits in the backlog, and costs nothing here.
        while (this.#mustWait(listener)) await this.#room();
        const incoming = await acceptor.next();
        if (incoming === null) break;
        await this.#admit(incoming, listener, scope);
      }
    } catch (thrown) {
      this.#cut("error");
      throw thrown;
    }
  }

  async #admit(incoming: Incoming, listener: Listener, scope: Scope): Promise<void> {
    // Another listener may have filled the last place meanwhile. Asked here and not only in `room`,
    // so that nothing comes between this answer and taking the place.
    while (this.#mustWait(listener)) await this.#room();
    if (this.#closing.signal.aborted) return this.#refuse(incoming);
    // Sessions of datagrams take no descriptor, and have bounds of their own (sessionsOf).
    const giveBack = listener.datagrams ? () => {} : this.#permits.take(incoming.remote);
    if (giveBack === null) {
      this.#sayOnce(
        "connections-per-peer",
        this.#boundPerPeer,
        "more from one address are refused",
      );
      return this.#refuse(incoming);
    }
    this.#count.accepted++;
    if (this.#policy.once) this.#stop(listener);
    const id = (this.#policy.nextId ?? nextSessionId)();
    const { drain: draining } = this.#policy;
    const info = { id, listener, ...(draining ? { draining } : {}) };
    const task = new SessionTask(incoming, info, this.#context);
    this.#sessions.add(task);
    scope.spawn(async () => {
      const outcome = await task.run(this.#handler);
      this.#sessions.delete(task);
      giveBack();
      this.#settle(task, outcome);
    });
  }

  #mustWait(listener: Listener): boolean {
    return !listener.datagrams && this.#permits.isFull && !this.#closing.signal.aborted;
  }

  /** Waits until a place may be free, or accepting ends. */
  async #room(): Promise<void> {
    this.#sayOnce("connections", this.#bound, "more wait in the backlog");
    await this.#permits.room();
  }

  #refuse(incoming: Incoming): void {
    this.#count.refused++;
    incoming.reject();
  }

  #settle(task: SessionTask, { reason, bytesIn, bytesOut }: SessionOutcome): void {
    this.#count.bytesIn += bytesIn;
    this.#count.bytesOut += bytesOut;
    if (task.wasCut && task.holdsDrain) this.#count.cut++;
    else if (failures.has(reason)) this.#count.failed++;
    else this.#count.ended++;
  }

  /** Accepts no more. @param spared a datagram listener that carries the last session */
  #stop(spared?: Listener): void {
    this.#closing.abort();
    this.#permits.wake();
    for (const listener of this.#listeners) {
      // Closing a datagram socket ends its sessions: `run` does it when they are over.
      if (listener !== spared || !listener.datagrams) void this.#close(listener);
    }
  }

  #drain(): void {
    const { clock } = this.#context;
    const { drainMs = defaultDrainMs } = this.#policy;
    for (const task of this.#sessions) if (!task.holdsDrain) task.cut("drain");
    this.#stop();
    this.#drainTimer = TimerWheel.of(clock).timer(drainMs, () => this.#cut("drain"));
  }

  #cut(reason: Reason): void {
    for (const task of this.#sessions) task.cut(reason);
    this.#stop();
  }

  async #close(listener: Listener): Promise<void> {
    try {
      await listener[Symbol.asyncDispose]();
    } catch (thrown) {
      const error = toNetError(thrown, "close", listener.local.text);
      this.#context.log.write("warning", "close-error", error.message, { error: thrown });
    }
  }

  #sayOnce(limit: LimitName, bound: number, consequence: string): void {
    if (this.#said.has(limit)) return;
    this.#said.add(limit);
    const text = `${bound} ${limit} reached: ${consequence}; raise it with --limit ${limit}=N`;
    this.#context.log.write("warning", "limit", text, { limit, bound });
  }
}

/**
 * Serves every session that comes in at any of the listeners, many at a time, and closes the
 * listeners at the end.
 *
 * A session that fails, or a handler that throws, ends that session only. A place is reserved
 * before a connection is accepted; one address cannot take them all. Aborting `policy.drain` stops
 * accepting and gives the sessions time; aborting the context's signal cuts them at once.
 *
 * @throws {NetError} what ended a listener
 *
 * @example
 * ```ts
 * import { makeContext } from "../core/context.ts";
 * import { drive } from "./drive.ts";
 * import { serve } from "./serve.ts";
 * import { services } from "./table.ts";
 *
 * const context = makeContext();
 * const { clock } = context;
 * const tally = await serve([], (session, within) => {
 *   const { messages } = session.traits;
 *   const machine = services.echo?.make({ clock, messages, options: {} });
 *   if (machine === undefined) throw new Error("no echo");
 *   return drive(session, machine, within, { idleMs: 60_000 });
 * }, {}, context);
 * if (tally.accepted !== 0) throw new Error("nobody could have come");
 * ```
 */
export function serve(
  listeners: readonly Listener[],
  handler: SessionHandler,
  policy: AcceptPolicy,
  context: Context,
): Promise<ServerTally> {
  return new Server(listeners, handler, policy, context).run();
}
