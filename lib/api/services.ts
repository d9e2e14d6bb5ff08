/**
 * Name of a service -> a service that is ready to serve sessions, whatever its kind.
 * @module
 */

import { formatAddress } from "../address/format.ts";
import type { Address } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import type { OptionValue } from "../core/option.ts";
import type { ServiceRow } from "../service/contract.ts";
import { drive, type DriveOptions } from "../service/drive.ts";
import type { HandlerService, OpenedService } from "../service/handler.ts";
import { handlerServices as tabled } from "../service/handler_table.ts";
import type { SessionHandler } from "../service/policy.ts";
import { services } from "../service/table.ts";
import { execService } from "./exec_service.ts";
import { refuseExposure } from "./exposure.ts";
import { ownFacts } from "./own_facts.ts";

/** A service of either kind. */
export type AnyService = ServiceRow | HandlerService;

/** What a service of a name is opened with. */
export interface ServiceOptions extends DriveOptions {
  /** Options of the service, as in its table: `{ utf8: true }`. */
  readonly service?: Readonly<Record<string, OptionValue>>;
  /**
   * Wall-clock time at which the server began, in milliseconds since 1970, for services that say
   * it: a process that serves for another is younger. Default: when this process began.
   */
  readonly startedMs?: number;
  /** The word that some services take before their addresses: the folder of `http`. */
  readonly subject?: string;
  /** Allows what acts on this machine behind an address that other machines can reach. */
  readonly public?: boolean;
}

/** The handler services, with the one that needs transports: its room is this one. */
const handlerServices: Readonly<Record<string, HandlerService>> = Object.freeze(
  Object.assign(Object.create(null), tabled, { exec: execService }),
);

/** Schemes whose sessions are of datagrams. */
const datagramSchemes: ReadonlySet<string> = new Set(["udp", "unixgram"]);

/** Every name that `plumb serve` takes. */
export function serviceNames(): readonly string[] {
  return [...Object.keys(services), ...Object.keys(handlerServices)];
}

/**
 * The service of a name.
 *
 * @param others names that the caller takes besides, for the hint
 * @throws {NetError} kind "usage", naming the nearest
 */
export function serviceNamed(name: string, others: readonly string[] = []): AnyService {
  const row = services[name] ?? handlerServices[name];
  if (row !== undefined) return row;
  const known = [...serviceNames(), ...others];
  const near = nearest(name, known);
  const hint = near === undefined ? `one of ${known.join(" ")}` : `did you mean ${near}?`;
  throw new NetError({ kind: "usage", op: "serve", message: `unknown service ${name}`, hint });
}

/** True for a service that serves a session by itself, and not by a machine. */
export function isHandler(row: AnyService): row is HandlerService {
  return "open" in row;
}

/**
 * Refuses what a service must not or cannot be, before anything is opened.
 *
 * @throws {NetError} kind "usage": a subject too few or too many, an option that cannot be, addresses
 * of datagrams for a service of streams; kind "exposure"
 */
export function refuseService(
  row: AnyService,
  addresses: readonly Address[],
  options: ServiceOptions,
): void {
  const { subject } = options;
  const wanted = isHandler(row) ? row.subject : null;
  if (subject === undefined && wanted?.required) throw fault(row, `needs ${wanted.name}`);
  if (subject !== undefined && wanted === null) throw fault(row, "takes addresses alone");
  if (!isHandler(row)) row.check?.(options.service ?? {});
  for (const address of addresses) {
    if (!row.datagram && datagramSchemes.has(address.scheme)) {
      throw fault(row, `is not served over datagrams (${formatAddress(address)})`);
    }
    if (isHandler(row) && row.actsOnMachine) {
      refuseExposure(address, row.name, options.public ?? false);
    }
  }
}

/** Makes a service ready. @throws {NetError} where its subject or an option cannot be */
export async function openService(
  row: AnyService,
  context: Context,
  options: ServiceOptions,
): Promise<OpenedService> {
  if (!isHandler(row)) {
    const handle = machineHandler(row, context.clock, options);
    return { handle, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const { subject, idleMs, lifetimeMs, service = {} } = options;
  return await row.open({
    context,
    options: service,
    ...(subject === undefined ? {} : { subject }),
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
  });
}

function machineHandler(row: ServiceRow, clock: Clock, options: ServiceOptions): SessionHandler {
  const { startedMs } = options;
  const factsOf = ownFacts(clock, startedMs === undefined ? {} : { startedMs });
  // No async function: its frame would be held for as long as the session is idle.
  return (session, context, { watch, sessions }) => {
    const { messages } = session.traits;
    const facts = () => factsOf(sessions?.());
    const machine = row.make({ clock, messages, options: options.service ?? {}, facts });
    return drive(session, machine, context, options, watch);
  };
}

function fault({ name }: AnyService, what: string): NetError {
  return new NetError({ kind: "usage", op: "serve", message: `${name} ${what}` });
}
