/**
 * Service x addresses -> a running server.
 * @module
 */

import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import type { OpenedService } from "../service/handler.ts";
import type { AcceptPolicy, SessionHandler, SessionInfo } from "../service/policy.ts";
import { refuseThreads } from "../service/thread_budget.ts";
import { addressFor, type CallOptions, contextOf, portsOf } from "./endpoint.ts";
import { type Equipment, equipmentOf } from "./equipment.ts";
import type { FarTask } from "./far_task.ts";
import { keepingAlive, withShortQueue } from "./heartbeat.ts";
import { modelOf, type ModelOptions, refuseModel, serverOf } from "./models.ts";
import { datagramBounds, openAllListeners } from "./passive.ts";
import { RunningServer } from "./running.ts";
import {
  isHandler,
  openService,
  refuseService,
  serviceNamed,
  type ServiceOptions,
} from "./services.ts";

/** How `serve` behaves. */
export interface ServeOptions extends CallOptions, AcceptPolicy, ServiceOptions, ModelOptions {
  /** What stands around each session; plain values, so that it goes with every model. */
  readonly equipment?: Equipment;
  /** Puts something around each session before it is served: a rate limit, taps. */
  readonly equip?: (session: Duplex, info: SessionInfo) => Promise<Duplex>;
  /**
   * Looks for life in each session, and ends one whose peer is dead: `every=5s,misses=3`, as
   * `--heartbeat` takes it. Without `send` or `expect` the peer must be a plumb that does the same.
   */
  readonly heartbeat?: string;
}

/**
 * Serves a service of plumb, or a handler of one's own, on one or more addresses at once.
 *
 * @param service a name of `services` or `handlerServices`, or a handler: it serves one session,
 * which is closed after it
 * @throws {AddressError} for an address or option that cannot be; nothing was opened
 * @throws {NetError} kind "usage" for an unknown service; kind "exposure"; what opening the service
 * and listening say
 *
 * @example
 * ```ts
 * import { connect, readExactly, serve } from "@plumb/plumb";
 *
 * await using server = await serve("echo", "tcp://127.0.0.1:0");
 * await using client = await connect(server.addresses[0]?.text ?? "");
 * await client.write(new TextEncoder().encode("hello"));
 * await readExactly(client, new Uint8Array(5));
 * ```
 */
export async function serve(
  service: string | SessionHandler,
  addresses: string | Address | readonly (string | Address)[],
  options: ServeOptions = {},
): Promise<RunningServer> {
  const context = contextOf(options);
  const list = Array.isArray(addresses) ? addresses : [addresses];
  const { heartbeat } = options;
  const targets = list.map((address: string | Address) => {
    const target = addressFor(address, "passive");
    return heartbeat === undefined ? target : withShortQueue(target);
  });
  const model = modelOf(options);
  refuseModel(model, targets);
  const policy = typeof service === "string" ? policyOf(service, options) : options;
  refuseThreads(model, targets.length, policy, context);
  const opened = typeof service === "string"
    ? await openNamed(service, targets, context, options)
    : handlerOnly(service);
  try {
    const equipped = equipping(opened.handle, equipmentOf(options, context));
    const handler = keepingAlive(equipped, heartbeat, context, "serve");
    const task = typeof service === "string" ? taskOf(service, context, options) : null;
    const make = await serverOf(model, handler, task, options);
    const listeners = await openAllListeners(
      targets,
      context,
      portsOf(options),
      datagramBounds(options),
    );
    const close = async () => await opened[Symbol.asyncDispose]();
    return await RunningServer.over(listeners, make, policy, context, close);
  } catch (thrown) {
    await opened[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** The same service as plain values; null where a function stands around its sessions. */
function taskOf(
  name: string,
  context: Context,
  options: ServeOptions,
): Omit<FarTask, "once"> | null {
  if (options.equip !== undefined) return null;
  const { service, subject, idleMs, lifetimeMs, heartbeat, equipment = {} } = options;
  const { clock } = context;
  const startedMs = options.startedMs ?? Math.round(clock.wall() - clock.now());
  const given = Object.entries({ service, subject, idleMs, lifetimeMs, startedMs });
  const plain = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  return {
    schema: 1,
    work: { kind: "service", name, options: plain },
    equipment,
    ...(heartbeat === undefined ? {} : { heartbeat }),
    limits: context.limits,
  };
}

/** What a session of the service takes, counted where the caller does not. */
function policyOf(name: string, options: ServeOptions): AcceptPolicy {
  const row = serviceNamed(name);
  const { descriptorsPerSession } = isHandler(row) ? row : { descriptorsPerSession: 1 };
  return { descriptorsPerSession, ...options };
}

async function openNamed(
  name: string,
  targets: readonly Address[],
  context: Context,
  options: ServeOptions,
): Promise<OpenedService> {
  const row = serviceNamed(name);
  refuseService(row, targets, options);
  return await openService(row, context, options);
}

function handlerOnly(handle: SessionHandler): OpenedService {
  return { handle, [Symbol.asyncDispose]: () => Promise.resolve() };
}

function equipping(handle: SessionHandler, equip: ServeOptions["equip"]): SessionHandler {
  if (equip === undefined) return handle;
  return async (session, context, info) => handle(await equip(session, info), context, info);
}
