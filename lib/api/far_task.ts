/**
 * What a process or thread is to serve, as plain values: the first message of its control channel.
 * The command line makes it from its plan, the library from the options of `serve` and `relay`:
 * both have the same path.
 * @module
 */

import { formatAddress } from "../address/format.ts";
import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import { defaultLimits, type Limits } from "../core/limits.ts";
import type { Json } from "../service/control.ts";
import type { OpenedService } from "../service/handler.ts";
import type { Connections } from "./connections.ts";
import { equip, type Equipment } from "./equipment.ts";
import type { RelayWork } from "./far_relay.ts";
import type { PairOptions } from "./pairing.ts";
import { keepingAlive } from "./heartbeat.ts";
import { openService, serviceNamed, type ServiceOptions } from "./services.ts";

/** What is served: a service by name, or the other end of a relay. */
export type FarWorkload =
  | { readonly kind: "service"; readonly name: string; readonly options: ServiceOptions }
  | RelayWork;

/** Everything that the far side needs to know. */
export interface FarTask {
  /** Version of this shape. */
  readonly schema: 1;
  readonly work: FarWorkload;
  readonly equipment: Equipment;
  /** Looks for life in each session: the text of a heartbeat. */
  readonly heartbeat?: string;
  readonly limits: Limits;
  /** It serves one session and ends. */
  readonly once: boolean;
  readonly firstByteMs?: number;
  readonly busyMessage?: string;
}

/** The options of the library and of commands may hold functions: only plain values travel. */
export function taskToJson(task: FarTask): Json {
  return JSON.parse(JSON.stringify(task));
}

/** Reads a task. @throws {NetError} kind "protocol" where it is of another version, or none */
export function readTask(value: Json): FarTask {
  const { schema, once, firstByteMs, busyMessage, heartbeat, ...task } = record(value);
  if (schema !== 1) throw unreadable("version");
  if (typeof once !== "boolean") throw unreadable("shape");
  return {
    schema,
    work: readWork(task.work),
    equipment: record(task.equipment),
    limits: readLimits(task.limits),
    once,
    ...(typeof firstByteMs === "number" ? { firstByteMs } : {}),
    ...(typeof heartbeat === "string" ? { heartbeat } : {}),
    ...(typeof busyMessage === "string" ? { busyMessage } : {}),
  };
}

function readLimits(value: unknown): Limits {
  const limits = record(value);
  return Object.fromEntries(
    Object.keys(defaultLimits).map((name) => {
      // JSON has no Infinity: a bound that was taken away comes as null.
      const bound = limits[name] ?? Infinity;
      if (typeof bound !== "number") throw unreadable("limits");
      return [name, bound];
    }),
  ) as Limits;
}

function readWork(value: unknown): FarWorkload {
  const work = record(value);
  const options = record(work.options);
  if (work.kind === "service" && typeof work.name === "string") {
    return { kind: "service", name: work.name, options };
  }
  const { kind, front, behind, timeoutMs } = work;
  if (kind !== "relay" || (front !== "a" && front !== "b") || typeof behind !== "string") {
    throw unreadable("work");
  }
  const time = typeof timeoutMs === "number" ? { timeoutMs } : {};
  return { kind, front, behind, ...time, options };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw unreadable("object");
}

function unreadable(what: string): NetError {
  return new NetError({ kind: "protocol", op: "start", message: `a task has no good ${what}` });
}

/** The other end of a relay, as it travels. */
export function relayWork(
  front: "a" | "b",
  behind: Address,
  given: PairOptions & { readonly timeoutMs?: number },
): FarWorkload {
  const { timeoutMs } = given;
  const time = timeoutMs === undefined ? {} : { timeoutMs };
  // One by one: the caller's object has much else in it (a log, a signal).
  const { idleMs, lifetimeMs, eofTimeoutMs, untilQuietMs, replies, oneWay, buffering, framing } =
    given;
  const options = Object.fromEntries(
    Object.entries({
      idleMs,
      lifetimeMs,
      eofTimeoutMs,
      untilQuietMs,
      replies,
      oneWay,
      buffering,
      framing,
    }).filter(([, value]) => value !== undefined),
  );
  return { kind: "relay", front, behind: formatAddress(behind), ...time, options };
}

/**
 * Makes ready what a task says.
 *
 * @param say takes the text of a hexdump
 * @param connections keeps in view those that are made anew
 * @throws {NetError} where the service cannot be opened
 */
export async function openTask(
  task: FarTask,
  context: Context,
  say: (text: string) => void,
  connections?: Connections,
): Promise<OpenedService> {
  const opened = await openWork(task, context, say, connections);
  const op = task.work.kind === "relay" ? "relay" : "serve";
  return {
    handle: keepingAlive(opened.handle, task.heartbeat, context, op),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function openWork(
  { work, equipment }: FarTask,
  context: Context,
  say: (text: string) => void,
  connections: Connections | undefined,
): Promise<OpenedService> {
  if (work.kind === "relay") {
    const { openRelayWork } = await import("./far_relay.ts");
    return openRelayWork(work, (session, { id }) => {
      return equip(session, equipment, `.${id}`, say, context);
    }, connections);
  }
  const opened = await openService(serviceNamed(work.name), context, work.options);
  return {
    handle: async (session, within, info) => {
      const equipped = await equip(session, equipment, `.${info.id}`, say, context);
      return await opened.handle(equipped, within, info);
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}
