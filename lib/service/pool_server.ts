/**
 * Acceptor x pool -> ServerTally: the model that accepts in one thread and serves in others. The
 * acceptor hands the number of each connection to an elastic pool.
 * @module
 */

import { type Context, deriveContext } from "../core/context.ts";
import type { Incoming, Peer } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import { reasonOfSignal } from "../core/reason.ts";
import type { ServerTally } from "../core/tally.ts";
import { Acceptor } from "./accept.ts";
import { Farewell } from "./farewell.ts";
import { Gate } from "./gate.ts";
import { type AcceptPolicy, addFlows, type SessionFlows, type SessionReport } from "./policy.ts";
import { Pool, type PoolFigures, type PoolOptions } from "./pool.ts";
import { reasonOfError } from "../stream/relay.ts";

/** A connection that can be handed to a thread. */
export interface Handable extends Incoming {
  /** Place of the listening socket. */
  readonly at: number;
}

/** What a `PoolServer` is made of. */
export interface PoolServerInit<I extends Handable> {
  /** Accepts; the server owns it. */
  readonly listener: AsyncDisposable & { readonly local: Peer; accept(): Promise<I | null> };
  /** The listening sockets, by place. */
  readonly locals: readonly Peer[];
  /** The module of the sessions, and its pool. */
  readonly module: string;
  readonly pool: Omit<PoolOptions, "whenFull" | "failed">;
  readonly whenFull: "wait" | "reset";
  readonly atStop: "finish" | "drop";
  /** Has one session served. @throws as `Pool.run` */
  serve(pool: Pool, incoming: I, id: number, signal: AbortSignal): Promise<SessionReport>;
  closeListeners(): Promise<void>;
}

/** A server at work. */
export class PoolServer<I extends Handable> {
  /** Who is let in: counts, open sessions, drain. */
  readonly gate: Gate;
  readonly #init: PoolServerInit<I>;
  readonly #context: Context;
  readonly #pool: Pool;
  readonly #farewell: Farewell;
  readonly #sessions = new Set<Promise<void>>();
  /** What has passed in open sessions, by id, as their threads last said. */
  readonly #flows = new Map<number, SessionFlows>();
  #failure: NetError | undefined;

  /** Starts the first threads; accepts nothing before `run`. */
  constructor(init: PoolServerInit<I>, policy: AcceptPolicy, context: Context) {
    this.gate = new Gate(policy, context);
    this.#init = init;
    this.#context = context;
    this.#farewell = new Farewell(policy.busyMessage ?? "", context);
    this.#pool = new Pool(init.module, {
      ...init.pool,
      failed: (error) => {
        this.#failure ??= error;
        this.gate.cut("error");
      },
    }, context);
  }

  /** What it has done so far; live. */
  tally(): ServerTally {
    return addFlows(this.gate.tally(), this.#flows.values());
  }

  /** Told what has passed so far in an open session. */
  passed(id: number, { bytesIn, bytesOut }: SessionFlows): void {
    this.#flows.set(id, { bytesIn, bytesOut });
  }

  /** Sessions that are open now, waiting ones included. */
  get open(): number {
    return this.gate.open;
  }

  /** How the pool is doing; live. */
  get figures(): PoolFigures {
    return this.#pool.figures;
  }

  /**
   * Serves until it was told to stop and every session has ended. Call it once.
   *
   * @throws {NetError} what ended the listener, or the pool; the sessions are cut then
   */
  async run(): Promise<ServerTally> {
    const { closing } = this.gate;
    const onClosing = () => void this.#stop();
    closing.addEventListener("abort", onClosing, { once: true });
    if (closing.aborted) onClosing();
    try {
      await this.#acceptAll();
    } catch (thrown) {
      this.gate.cut("error"); // or nobody would be told before the last session ends by itself
      throw thrown;
    } finally {
      while (this.#sessions.size > 0) await Promise.all(this.#sessions);
      closing.removeEventListener("abort", onClosing);
      this.gate.close();
      await this.#stop();
      await this.#pool[Symbol.asyncDispose]();
      await this.#farewell.finish();
      this.gate[Symbol.dispose]();
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.tally();
  }

  async #acceptAll(): Promise<void> {
    const { listener, whenFull } = this.#init;
    const acceptor = new Acceptor<I>(listener, { ...this.#context, signal: this.gate.closing });
    while (await this.gate.ready()) {
      // A full queue: the others wait in the kernel's, as before any accept.
      if (whenFull === "wait") await this.#pool.room();
      const incoming = await acceptor.next();
      if (incoming === null) break;
      await this.#admit(incoming);
    }
  }

  async #admit(incoming: I): Promise<void> {
    const arrival = { remote: incoming.remote, local: this.#localOf(incoming) };
    if (this.#pool.isFull && this.#init.whenFull === "reset") {
      incoming.reject();
      return this.gate.turnedAway(arrival, "the queue of the pool is full");
    }
    const admission = await this.gate.admit(arrival);
    if (admission.kind === "refuse") {
      if (admission.how === "busy") this.#farewell.say(incoming);
      else incoming.reject();
      return;
    }
    const serving = this.#serve(incoming, admission.id).finally(() => {
      this.#sessions.delete(serving);
    });
    this.#sessions.add(serving);
  }

  async #serve(incoming: I, id: number): Promise<void> {
    using child = deriveContext({ ...this.#context, signal: this.gate.cutting });
    let report: SessionReport;
    let isDropped = false;
    try {
      report = await this.#init.serve(this.#pool, incoming, id, child.context.signal);
    } catch (thrown) {
      report = { ...this.#failed(thrown), ...this.#flows.get(id) };
      isDropped = report.reason === "drain";
    }
    this.#flows.delete(id);
    this.gate.ended(id, report, isDropped);
  }

  #failed(thrown: unknown): SessionReport {
    const nothing = { bytesIn: 0, bytesOut: 0 };
    const { cutting, closing } = this.gate;
    const error = toNetError(thrown, "serve");
    if (cutting.aborted) return { ...nothing, reason: reasonOfSignal(cutting) };
    if (closing.aborted && error.kind === "aborted") return { ...nothing, reason: "drain" };
    return { ...nothing, reason: reasonOfError(error), error };
  }

  async #stop(): Promise<void> {
    const { listener, closeListeners, atStop } = this.#init;
    // At once, and not when the listeners are closed: a thread that is free before would serve one.
    if (atStop === "drop") void this.#pool.close("drop");
    await listener[Symbol.asyncDispose]();
    await closeListeners.call(this.#init);
    await this.#pool.close(atStop);
  }

  #localOf({ at }: I): Peer {
    return this.#init.locals[at] ?? this.#init.listener.local;
  }
}
