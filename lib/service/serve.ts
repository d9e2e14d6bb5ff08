/**
 * Listener x handler -> ServerTally: the accept loop of this process. Who is let in, and when it
 * all ends, is the gate's; here connections are taken, handed to their tasks, and closed.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Incoming, Listener } from "../core/contract.ts";
import { toNetError } from "../core/error.ts";
import { type Reason, reasonOfSignal } from "../core/reason.ts";
import { Scope } from "../core/scope.ts";
import type { ServerTally } from "../core/tally.ts";
import { Acceptor } from "./accept.ts";
import type { SessionOutcome } from "./contract.ts";
import { Farewell } from "./farewell.ts";
import { Gate } from "./gate.ts";
import { type AcceptPolicy, addFlows, type SessionHandler } from "./policy.ts";
import { SessionTask } from "./session_task.ts";

/** A server at work; `serve` is the short way. */
export class Server {
  readonly #listeners: readonly Listener[];
  readonly #handler: SessionHandler;
  readonly #policy: AcceptPolicy;
  readonly #context: Context;
  readonly #gate: Gate;
  readonly #farewell: Farewell;
  readonly #tasks = new Map<number, SessionTask>();
  /** These are one for all sessions: thousands of them must not have a function each. */
  readonly #openSessions = () => this.#gate.open;
  readonly #ended = (id: number, outcome: SessionOutcome) => {
    this.#tasks.delete(id);
    this.#gate.ended(id, outcome);
  };

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
    this.#gate = new Gate(policy, context);
    this.#farewell = new Farewell(policy.busyMessage ?? "", context);
  }

  /** What it has done so far; live. */
  tally(): ServerTally {
    return addFlows(this.#gate.tally(), this.#tasks.values().map(({ flows }) => flows));
  }

  /** Sessions that are open now. */
  get open(): number {
    return this.#gate.open;
  }

  /** Who is let in: counts, open sessions, drain. */
  get gate(): Gate {
    return this.#gate;
  }

  /**
   * Serves until the listeners are closed and every session has ended. Call it once.
   *
   * @throws {NetError} what ended a listener; the sessions are cut and everything is closed then
   */
  async run(): Promise<ServerTally> {
    const { closing, cutting, draining } = this.#gate;
    const onClosing = () => this.#stop();
    const onDraining = () => this.#cut("drain", (task) => !task.holdsDrain);
    const onCutting = () => this.#cut(reasonOfSignal(cutting));
    closing.addEventListener("abort", onClosing, { once: true });
    cutting.addEventListener("abort", onCutting, { once: true });
    draining.addEventListener("abort", onDraining, { once: true });
    try {
      if (closing.aborted) onClosing();
      // Not under the server's signal: its sessions are told by `cut`, each with the reason.
      const scope = new Scope({ ...this.#context, signal: new AbortController().signal });
      for (const listener of this.#listeners) scope.spawn(() => this.#accept(listener, scope));
      await scope.join();
    } finally {
      closing.removeEventListener("abort", onClosing);
      cutting.removeEventListener("abort", onCutting);
      draining.removeEventListener("abort", onDraining);
      this.#gate[Symbol.dispose]();
      await this.#farewell.finish();
      await Promise.all(this.#listeners.map((listener) => this.#close(listener)));
    }
    return this.tally();
  }

  async #accept(listener: Listener, scope: Scope): Promise<void> {
    const acceptor = new Acceptor(listener, { ...this.#context, signal: this.#gate.closing });
    try {
      while (await this.#gate.ready(listener.datagrams)) {
        const incoming = await acceptor.next();
        if (incoming === null) break;
        await this.#admit(incoming, listener, scope);
      }
    } catch (thrown) {
      this.#gate.cut("error");
      throw thrown;
    }
  }

  async #admit(incoming: Incoming, listener: Listener, scope: Scope): Promise<void> {
    const { datagrams = false, local } = listener;
    const admission = await this.#gate.admit({ remote: incoming.remote, local, datagrams });
    if (admission.kind === "refuse") {
      if (admission.how === "busy") this.#farewell.say(incoming);
      else incoming.reject();
      return;
    }
    const { id } = admission;
    const { draining } = this.#gate;
    const info = { id, listener, draining, sessions: this.#openSessions };
    const task = new SessionTask(incoming, info, this.#context, this.#policy);
    this.#tasks.set(id, task);
    scope.spawn(() => task.run(this.#handler, this.#ended));
  }

  /** Accepts no more. */
  #stop(): void {
    const carried = this.#policy.once ? [...this.#gate.sessions()][0]?.arrival : undefined;
    for (const listener of this.#listeners) {
      // Closing a datagram socket would end the one session of `once`: `run` does it after it.
      const carries = listener.datagrams && listener.local === carried?.local;
      if (!carries) void this.#close(listener);
    }
  }

  #cut(reason: Reason, which: (task: SessionTask) => boolean = () => true): void {
    for (const task of this.#tasks.values()) if (which(task)) task.cut(reason);
  }

  async #close(listener: Listener): Promise<void> {
    try {
      await listener[Symbol.asyncDispose]();
    } catch (thrown) {
      const error = toNetError(thrown, "close", listener.local.text);
      this.#context.log.write("warning", "close-error", error.message, { error: thrown });
    }
  }
}

/**
 * Serves every session that comes in at any of the listeners, many at a time, and closes the
 * listeners at the end.
 *
 * A session that fails, or a handler that throws, ends that session only. A place is waited for
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
