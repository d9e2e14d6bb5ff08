/**
 * Descriptors, model -> how many threads or processes there may be. A thread that finds no
 * descriptor at its start takes the whole process with it (the runtime panics), so that the bound
 * is kept here, and not found by running into it.
 * @module
 */

import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import { formatModel, type Model } from "./model.ts";
import { type AcceptPolicy, descriptorBound } from "./policy.ts";

/** Of a thread: its event loop, its wait for connections, its copies of the standard streams. */
export const threadDescriptors = 8;

/** Of the parent, for each child: a pipe each way and the pidfd that tells its end. */
export const childDescriptors = 3;

/** What the runtime itself has open once it serves: of a small limit as much as of a large one. */
const ownDescriptors = 30;

/** What a model makes of a policy. */
export interface ThreadBudget {
  /** What the gate is given: its bound leaves threads and children their descriptors. */
  readonly policy: AcceptPolicy;
  /** The most threads; Infinity where they are not what is bounded. */
  readonly threads: number;
}

/**
 * What there is for threads and for sessions.
 *
 * @param listeners how many listening sockets a thread has copies of; the pool's have none
 */
export function threadBudget(
  model: Model,
  listeners: number,
  policy: AcceptPolicy,
  context: Context,
): ThreadBudget {
  const { descriptorsPerSession: ofSession = 1 } = policy;
  const ofThread = threadDescriptors + (model.kind === "pool" ? 0 : listeners);
  const each = { ...policy, descriptorsPerSession: ofSession + ofThread };
  const serving = descriptorBound(each, context);
  const apart = { ...policy, descriptorsPerSession: ofThread, descriptorsKept: ofSession };
  const alive = descriptorBound(apart, context);
  const possible = besidesOwn(ofThread, policy);
  const keeping = (count: number) => ({ ...policy, descriptorsKept: count * ofThread });
  switch (model.kind) {
    case "thread":
      // One beyond those that serve: it tells others that there is no place.
      return { policy: each, threads: Math.min(serving + 1, possible) };
    case "threads":
      return { policy: keeping(model.count), threads: Math.min(alive, possible) };
    case "pool": {
      const threads = Math.min(Math.max(serving, Math.min(model.minimum, alive)), possible);
      return { policy: keeping(Math.min(model.maximum, threads)), threads };
    }
    case "process":
      return {
        policy: { ...policy, descriptorsPerSession: childDescriptors },
        threads: Infinity,
      };
    default:
      return { policy, threads: Infinity };
  }
}

/** How many that take so much each fit beside the runtime; unlike a bound of sessions, maybe none. */
function besidesOwn(each: number, { descriptors = Infinity }: AcceptPolicy): number {
  return Math.max(0, Math.floor((descriptors - ownDescriptors) / each));
}

/**
 * Refuses more threads or processes than there are descriptors for, before anything is opened.
 *
 * @throws {NetError} kind "usage"
 */
export function refuseThreads(
  model: Model,
  listeners: number,
  policy: AcceptPolicy,
  context: Context,
): void {
  const most = model.kind === "process" || model.kind === "prefork"
    ? besidesOwn(childDescriptors, policy)
    : threadBudget(model, listeners, policy, context).threads;
  if (leastOf(model) <= most) return;
  throw new NetError({
    kind: "usage",
    op: "model",
    message: `${formatModel(model)}: ${policy.descriptors} descriptors allow no more than ${most}`,
    hint: "raise the limit of descriptors (ulimit -n)",
  });
}

/** How many a model cannot do without. */
function leastOf(model: Model): number {
  switch (model.kind) {
    case "threads":
      return model.count;
    case "pool":
      return model.minimum;
    case "process":
      return 1 + model.spare; // spares are started again while a session has its process
    default:
      return 1;
  }
}
