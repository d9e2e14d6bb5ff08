/**
 * `--model pool=MIN..MAX`: the acceptor's thread hands connections to the threads of a pool.
 * @module
 */

import { NetError } from "../core/error.ts";
import { readFarMessage } from "../service/control.ts";
import type { Model } from "../service/model.ts";
import type { Context } from "../core/context.ts";
import type { AcceptPolicy, SessionReport } from "../service/policy.ts";
import type { Pool } from "../service/pool.ts";
import { PoolServer } from "../service/pool_server.ts";
import { threadBudget } from "../service/thread_budget.ts";
import { closeDescriptor } from "../sys/file.ts";
import { closeLeftover, type SocketIdentity } from "../sys/share.ts";
import { SharedListener } from "../transport/shared_listener.ts";
import type { SharedIncoming } from "../transport/shared_listener.ts";
import { farEntry } from "./far_main.ts";
import { duplicates, type FarOptions, socketOf } from "./far_models.ts";
import { type FarTask, taskToJson } from "./far_task.ts";
import { closeAll } from "./passive.ts";
import type { PooledSession, Taken } from "./pool_session.ts";
import type { MakeServer } from "./running.ts";

/** How the pool of sessions behaves. */
export interface PoolModelOptions {
  /** Sessions that may wait for a thread; default 100. */
  readonly queue?: number;
  /** How often the manager looks (ms); default 10,000. */
  readonly checkMs?: number;
  /** With a full queue: accept no more (default), or reset who comes. */
  readonly whenFull?: "wait" | "reset";
  /** Sessions that still wait when it is told to stop; default "finish". */
  readonly atStop?: "finish" | "drop";
}

/** The course's example: an acceptor, 3 to 100 threads, a queue of 100 (see `--model`). */
const defaultQueue = 100;

/** Makes the server of a pool. */
export function poolServer(
  model: Extract<Model, { readonly kind: "pool" }>,
  task: Omit<FarTask, "once">,
  { pool = {}, supervision, say = () => {} }: FarOptions & { readonly pool?: PoolModelOptions },
): MakeServer {
  const { queue = defaultQueue, checkMs, whenFull = "wait", atStop = "finish" } = pool;
  return (listeners, policy, context) => {
    const sockets = listeners.map(socketOf);
    const locals = sockets.map(({ local }) => local);
    const budget = threadBudget(model, 0, policy, context);
    const maximum = Math.min(model.maximum, budget.threads);
    if (maximum < model.maximum) sayFewer(model.maximum, maximum, policy, context);
    const { firstByteMs } = policy;
    const setup = taskToJson({
      ...task,
      once: false,
      ...(firstByteMs === undefined ? {} : { firstByteMs }),
    });
    const heard = (id: number, value: unknown) => {
      const message = readFarMessage(value);
      if (message.type === "text") say(message.text);
      if (message.type === "flows") { for (const flows of message.flows) server.passed(id, flows); }
      if (message.type !== "log") return;
      const { level, event, text, fields } = message;
      context.log.write(level, event, text, fields);
    };
    const server: PoolServer<SharedIncoming> = new PoolServer(
      {
        listener: new SharedListener(duplicates(sockets), context),
        locals,
        module: "plumb:sessions",
        pool: {
          minimum: model.minimum,
          maximum,
          queue,
          setup,
          entry: farEntry,
          hangMs: supervision?.hangMs ?? defaultHangMs,
          ...(checkMs === undefined ? {} : { checkMs }),
        },
        whenFull,
        atStop,
        serve: (pool, incoming, id, signal) => {
          const listener = locals[incoming.at] ?? incoming.remote;
          const { open } = server;
          const owner = { signal, heard: (value: unknown) => heard(id, value) };
          return serveOne(pool, incoming, { id, listener, open }, owner);
        },
        closeListeners: () => closeAll(listeners),
      },
      budget.policy,
      context,
    );
    return server;
  };
}

const defaultHangMs = 10_000;

function sayFewer(
  asked: number,
  bound: number,
  { descriptors }: AcceptPolicy,
  { log }: Context,
): void {
  const text = `the pool grows to ${bound} and not to ${asked} threads: ` +
    `${descriptors} descriptors allow no more (ulimit -n)`;
  log.write("warning", "limit", text, { limit: "threads", bound });
}

/** The acceptor's descriptor is closed as soon as the worker has its own, or will have none. */
async function serveOne(
  pool: Pool,
  incoming: SharedIncoming,
  session: Pick<PooledSession, "id" | "listener" | "open">,
  { signal, heard }: { readonly signal: AbortSignal; readonly heard: (value: unknown) => void },
): Promise<SessionReport> {
  const { remote, local } = incoming;
  const descriptor = incoming.release();
  let isOurs = true;
  const close = () => {
    if (isOurs) closeDescriptor(descriptor);
    isOurs = false;
  };
  try {
    const value: PooledSession = { descriptor, remote, local, ...session };
    let worker = "no thread";
    let left: SocketIdentity | undefined;
    const answer = await pool.run(value, {
      signal,
      started: (serial) => worker = `thread ${serial}`,
      heard(said) {
        if (!isTaken(said)) return heard(said);
        left = said.taken;
        close();
      },
    }).catch((thrown) => {
      if (left !== undefined) closeLeftover(left);
      throw thrown;
    });
    const message = readFarMessage(answer);
    if (message.type === "ended") return { ...message.report, worker };
    throw new NetError({ kind: "protocol", op: "pool", message: "a session has no report" });
  } finally {
    close();
  }
}

function isTaken(said: unknown): said is Taken {
  return typeof said === "object" && said !== null && "taken" in said;
}
