/**
 * A server at work, as its caller holds it.
 * @module
 */

import { type ChildContext, type Context, deriveContext } from "../core/context.ts";
import type { Listener, Peer } from "../core/contract.ts";
import { SessionEnd } from "../core/reason.ts";
import type { ServerTally } from "../core/tally.ts";
import type { Gate } from "../service/gate.ts";
import type { AcceptPolicy, SessionHandler } from "../service/policy.ts";
import type { PoolFigures } from "../service/pool.ts";
import { Server } from "../service/serve.ts";
import { closeAll } from "./passive.ts";

/** A server of any model, made and not running yet. */
export interface ServerCore {
  readonly gate: Gate;
  /** Sessions that are open now. */
  readonly open: number;
  /** Models of several processes or threads: how those are doing. */
  readonly figures?: PoolFigures;
  tally(): ServerTally;
  /** Serves to its end, and closes the listeners. @throws {NetError} what ended it */
  run(): Promise<ServerTally>;
}

/** Makes a server that owns the listeners. */
export type MakeServer = (
  listeners: readonly Listener[],
  policy: AcceptPolicy,
  context: Context,
) => ServerCore;

/** The server of one event loop. */
export function looped(handler: SessionHandler): MakeServer {
  return (listeners, policy, context) => new Server(listeners, handler, policy, context);
}

/** What `serve` and `relay` give: it accepts from the moment that it is there. */
export class RunningServer implements AsyncDisposable {
  /** Where it listens, with the real ports; empty for a relay of two active ends. */
  readonly addresses: readonly Peer[];
  /** The listeners inside; they belong to the server. */
  readonly listeners: readonly Listener[];
  /** Settles when it has ended: everything is closed then. */
  readonly done: Promise<ServerTally>;
  readonly #server: ServerCore;
  readonly #drain = new AbortController();
  readonly #child: ChildContext;

  /**
   * Accepts at once; the listeners are its own and closed when `done` settles.
   *
   * @param policy its `drain` works beside `drain()`
   * @param finish what else has to be closed at the end
   */
  constructor(
    listeners: readonly Listener[],
    make: MakeServer,
    policy: AcceptPolicy,
    context: Context,
    finish: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.listeners = listeners;
    this.addresses = listeners.map((listener) => listener.local);
    this.#child = deriveContext(context);
    try {
      const own = { ...policy, drain: this.#drain.signal };
      this.#server = make(listeners, own, this.#child.context);
    } catch (thrown) {
      this.#child[Symbol.dispose]();
      throw thrown;
    }
    const { drain } = policy;
    const follow = () => this.#drain.abort(drain?.reason);
    if (drain?.aborted) follow();
    else drain?.addEventListener("abort", follow, { once: true });
    this.done = this.#server.run().finally(async () => {
      drain?.removeEventListener("abort", follow);
      this.#child[Symbol.dispose]();
      await finish();
    });
    // Who never looks at `done` is not punished by an unhandled rejection.
    this.done.catch(() => {});
  }

  /**
   * Makes one, or closes the listeners: a model may find only now that it cannot share them.
   *
   * @throws {NetError} what `make` throws
   */
  static async over(
    listeners: readonly Listener[],
    ...rest: [MakeServer, AcceptPolicy, Context, (() => Promise<void>)?]
  ): Promise<RunningServer> {
    try {
      return new RunningServer(listeners, ...rest);
    } catch (thrown) {
      await closeAll(listeners);
      throw thrown;
    }
  }

  /** What it has done so far. */
  tally(): ServerTally {
    return this.#server.tally();
  }

  /** Sessions that are open now. */
  get open(): number {
    return this.#server.open;
  }

  /** Who is let in: counts, refusals, the sessions that are open now. */
  get gate(): Gate {
    return this.#server.gate;
  }

  /** How the processes or threads of its model are doing; undefined where it is one loop. */
  get figures(): PoolFigures | undefined {
    return this.#server.figures;
  }

  /** Accepts no more; sessions may end for as long as the policy says, then they are cut. */
  drain(): Promise<ServerTally> {
    this.#drain.abort(new SessionEnd("drain"));
    return this.done;
  }

  /** Ends it now, cutting every session. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.abort(new SessionEnd("drain"));
    await this.done;
  }
}
