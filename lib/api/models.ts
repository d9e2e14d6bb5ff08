/**
 * Model, task -> the server that is made of it.
 * @module
 */

import { formatEndpoint } from "../address/format.ts";
import type { Address } from "../core/address.ts";
import { NetError } from "../core/error.ts";
import { formatModel, isFar, type Model, parseModel } from "../service/model.ts";
import type { SessionHandler } from "../service/policy.ts";
import type { FarOptions } from "./far_models.ts";
import type { FarTask } from "./far_task.ts";
import type { PoolModelOptions } from "./pool_model.ts";
import { looped, type MakeServer } from "./running.ts";

/** Which model serves, for `serve` and `relay`. */
export interface ModelOptions extends FarOptions {
  /** `loop` (default), `iterative`, `process`, `prefork=N`, `thread`, `threads=N`, `pool=A..B`. */
  readonly model?: string | Model;
  /** `pool`: its queue and its manager. */
  readonly pool?: PoolModelOptions;
  /** `process` and `thread`: how many are ready for the next session; default 2. */
  readonly spare?: number;
}

/** Schemes whose listening sockets others can accept from. */
const shareable: ReadonlySet<string> = new Set(["tcp", "unix", "fd"]);

/** The model of a call. @throws {NetError} kind "usage" */
export function modelOf({ model = "loop", spare }: ModelOptions): Model {
  return typeof model === "string" ? parseModel(model, spare) : model;
}

/**
 * Refuses what a model cannot do, before anything is opened.
 *
 * @throws {NetError} kind "usage", with the reason
 */
export function refuseModel(model: Model, addresses: readonly Address[]): void {
  if (!isFar(model)) return;
  for (const address of addresses) {
    if (shareable.has(address.scheme)) continue;
    throw new NetError({
      kind: "usage",
      op: "model",
      address: formatEndpoint(address),
      message: `${formatModel(model)} serves connections of TCP and Unix stream sockets: ` +
        "others have none that could be handed to a process or a thread",
      hint: "use --model loop",
    });
  }
}

/**
 * Makes the server of a model.
 *
 * @param handle serves sessions in this process
 * @param task the same as plain values, or null where the handler is a function of the caller's
 * @throws {NetError} kind "usage" where a function would have to travel
 */
export async function serverOf(
  model: Model,
  handle: SessionHandler,
  task: Omit<FarTask, "once"> | null,
  options: ModelOptions,
): Promise<MakeServer> {
  if (model.kind === "loop") return looped(handle);
  if (model.kind === "iterative") {
    const one = looped(handle);
    return (listeners, policy, context) =>
      one(listeners, { ...policy, maximumSessions: 1, isIterative: true }, context);
  }
  if (task === null) {
    throw new NetError({
      kind: "usage",
      op: "model",
      message: `a function cannot travel to the ${formatModel(model)} that would call it`,
      hint: "serve a service by name, or use a Pool with a module",
    });
  }
  // Loaded only now: a server of one loop needs neither threads nor libc.
  if (model.kind === "pool") {
    return (await import("./pool_model.ts")).poolServer(model, task, options);
  }
  return (await import("./far_models.ts")).farServer(model, task, options);
}
