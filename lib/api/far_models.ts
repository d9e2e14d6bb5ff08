/**
 * The models whose sessions are served by other processes or threads: what they share with the
 * server that listens, and how they are started.
 * @module
 */

import { parseAddress } from "../address/parse.ts";
import type { Listener } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { Limits } from "../core/limits.ts";
import type { FarSocket, Json } from "../service/control.ts";
import { startProcess, startThread } from "../service/far_link.ts";
import { FarServer, type FleetShape } from "../service/far_server.ts";
import type { Started } from "../service/fleet.ts";
import type { FarModel } from "../service/model.ts";
import type { SupervisorOptions } from "../service/supervisor.ts";
import { threadBudget, threadDescriptors } from "../service/thread_budget.ts";
import { closeDescriptor } from "../sys/file.ts";
import { closeLeftover, duplicate, requireDescriptors, setInherited } from "../sys/share.ts";
import { SharedListener } from "../transport/shared_listener.ts";
import type { Connections } from "./connections.ts";
import { farEntry } from "./far_main.ts";
import { type FarTask, taskToJson } from "./far_task.ts";
import { lastingOf } from "./lasting_options.ts";
import { closeAll } from "./passive.ts";
import type { MakeServer } from "./running.ts";

/** How a model behaves beyond its numbers. */
export interface FarOptions {
  /** How patient the supervisor of processes and threads is. */
  readonly supervision?: SupervisorOptions;
  /** Takes the text of a hexdump. */
  readonly say?: (text: string) => void;
  /** Told how connections of the sessions are retried. */
  readonly connections?: Connections;
}

/** Models of a fleet; the pool is made elsewhere. */
export type FleetModel = Exclude<FarModel, { readonly kind: "pool" }>;

/** Makes the server of a model with more than one process or thread. */
export function farServer(
  model: FleetModel,
  task: Omit<FarTask, "once">,
  options: FarOptions = {},
): MakeServer {
  return (listeners, policy, context) => {
    const sockets = listeners.map(socketOf);
    const budget = threadBudget(model, sockets.length, policy, context);
    const shape = shapeOf(model, context.limits, budget.threads);
    const once = shape.kind === "spare" && shape.once;
    const { firstByteMs, busyMessage } = policy;
    const json = taskToJson({
      ...task,
      once,
      ...(firstByteMs === undefined ? {} : { firstByteMs }),
      ...(busyMessage === undefined ? {} : { busyMessage }),
    });
    const isProcess = model.kind === "process" || model.kind === "prefork";
    const own = new SharedListener(duplicates(sockets), context);
    if (isProcess) { for (const { descriptor } of sockets) setInherited(descriptor, true); }
    const { supervision, say, connections } = options;
    const server = new FarServer(
      {
        shape,
        locals: sockets.map(({ local }) => local),
        start: isProcess ? processStarter(json, sockets) : threadStarter(json, sockets),
        turnAway() {
          own.look();
          const incoming = own.poll();
          incoming?.reject();
          return incoming;
        },
        async closeListeners() {
          view?.[Symbol.dispose]();
          await own[Symbol.asyncDispose]();
          await closeAll(listeners);
        },
        ...(supervision === undefined ? {} : { supervision }),
        ...(say === undefined ? {} : { text: say }),
      },
      budget.policy,
      context,
    );
    const view = isMadeAnew(task) ? connections?.addElsewhere(() => server.retryNow()) : undefined;
    return server;
  };
}

/** True where the other end of each session is dialled again. */
function isMadeAnew({ work }: Pick<FarTask, "work">): boolean {
  if (work.kind !== "relay") return false;
  return lastingOf(parseAddress(work.behind))?.lasting.reconnect !== undefined;
}

/** @param threads for how many there are descriptors */
function shapeOf(model: FleetModel, limits: Limits, threads: number): FleetShape {
  switch (model.kind) {
    case "prefork":
    case "threads":
      return { kind: "fixed", count: model.count };
    case "process":
      return {
        kind: "spare",
        spare: model.spare,
        maximum: limits.processes,
        once: true,
        limit: "processes",
      };
    case "thread":
      return {
        kind: "spare",
        spare: model.spare,
        maximum: Math.min(limits.threads, threads),
        once: false,
        limit: "threads",
      };
  }
}

/**
 * The descriptor of a listener, to be shared.
 *
 * @throws {NetError} kind "usage" where it has none, or it cannot be known
 */
export function socketOf(listener: Listener): FarSocket {
  const descriptor = listener.descriptor?.() ?? null;
  const { local, uninherited = [] } = listener;
  if (descriptor !== null) return { descriptor, local, uninherited };
  throw new NetError({
    kind: "unavailable",
    op: "serve",
    address: local.text,
    message: "the descriptor of this listener cannot be shared",
    hint: "models need TCP or Unix stream sockets, and --allow-ffi; or use --model loop",
  });
}

/** Descriptors of their own for a thread: who shares a number must agree on who closes it. */
export function duplicates(sockets: readonly FarSocket[]): FarSocket[] {
  return sockets.map((one) => ({ ...one, descriptor: duplicate(one.descriptor) }));
}

/** A child inherits the listeners under the numbers that they have here. */
function processStarter(task: Json, sockets: readonly FarSocket[]) {
  return (): Started => {
    return { link: startProcess(farEntry), greeting: { type: "start", task, sockets } };
  };
}

/** What an ended thread has left open is closed here. */
function threadStarter(task: Json, sockets: readonly FarSocket[]) {
  let serial = 0;
  return (starting: number): Started => {
    // The bound on threads is that of the start, and the limit may have been lowered since.
    const each = threadDescriptors + sockets.length;
    const [first] = sockets;
    if (first !== undefined) requireDescriptors(first.descriptor, (starting + 1) * each);
    const own = duplicates(sockets);
    const link = startThread(farEntry, ++serial, ({ listens, connections }) => {
      if (listens) { for (const { descriptor } of own) closeDescriptor(descriptor); }
      for (const connection of connections) closeLeftover(connection);
    });
    return { link, greeting: { type: "start", task, sockets: own } };
  };
}
