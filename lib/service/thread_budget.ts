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
  const keeping = (count: number) => ({ ...policy, descriptorsKept: count * ofThread });
  switch (model.kind) {
    case "thread":
      // One beyond those that serve: it tells others that there is no place.
      return { policy: each, threads: serving + 1 };
    case "threads":
      return { policy: keeping(model.count), threads: alive };
    case "pool": {
      const threads = Math.max(serving, Math.min(model.minimum, alive));
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

/**
 * Refuses more threads than there are descriptors for, before anything is opened.
 *
 * @throws {NetError} kind "usage"
 */
export function refuseThreads(
  model: Model,
  listeners: number,
  policy: AcceptPolicy,
  context: Context,
): void {
  const least = model.kind === "threads" ? model.count : model.kind === "pool" ? model.minimum : 1;
  const { threads } = threadBudget(model, listeners, policy, context);
  if (least <= threads) return;
  throw new NetError({
    kind: "usage",
    op: "model",
    message: `${
      formatModel(model)
    }: ${policy.descriptors} descriptors allow no more than ${threads}`,
    hint: "raise the limit of descriptors (ulimit -n)",
  });
}
