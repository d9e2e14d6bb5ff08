/**
 * Service x addresses -> a running server.
 * @module
 */

import type { Address } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import type { OptionValue } from "../core/option.ts";
import type { ServiceRow } from "../service/contract.ts";
import { drive, type DriveOptions } from "../service/drive.ts";
import type { AcceptPolicy, SessionHandler, SessionInfo } from "../service/policy.ts";
import { services } from "../service/table.ts";
import { addressFor, type CallOptions, contextOf, portsOf } from "./endpoint.ts";
import { openAllListeners } from "./passive.ts";
import { RunningServer } from "./running.ts";

/** How `serve` behaves. */
export interface ServeOptions extends CallOptions, AcceptPolicy, DriveOptions {
  /** Options of the service, as in its table: `{ utf8: true }`. */
  readonly service?: Readonly<Record<string, OptionValue>>;
  /** Puts something around each session before it is served: a rate limit, taps. */
  readonly equip?: (session: Duplex, info: SessionInfo) => Promise<Duplex>;
}

/**
 * Serves a service of plumb, or a handler of one's own, on one or more addresses at once.
 *
 * @param service a name of `services`, or a handler: it serves one session, which is closed after it
 * @throws {AddressError} for an address or option that cannot be; nothing was opened
 * @throws {NetError} kind "usage" for an unknown service; what listening says
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
  const targets = list.map((address: string | Address) => addressFor(address, "passive"));
  const handler = typeof service === "string"
    ? handlerOf(serviceNamed(service), context.clock, options)
    : service;
  const listeners = await openAllListeners(targets, context, portsOf(options));
  return new RunningServer(listeners, handler, options, context);
}

/** The service of a name. @throws {NetError} kind "usage", naming the nearest */
export function serviceNamed(name: string): ServiceRow {
  const row = Object.hasOwn(services, name) ? services[name] : undefined;
  if (row !== undefined) return row;
  const near = nearest(name, Object.keys(services));
  throw new NetError({
    kind: "usage",
    op: "serve",
    message: `unknown service ${name}`,
    hint: near === undefined
      ? `one of ${Object.keys(services).join(" ")}`
      : `did you mean ${near}?`,
  });
}

function handlerOf(row: ServiceRow, clock: Clock, options: ServeOptions): SessionHandler {
  return async (session, context, info) => {
    const { messages } = session.traits;
    const machine = row.make({ clock, messages, options: options.service ?? {} });
    const equipped = await options.equip?.(session, info) ?? session;
    return await drive(equipped, machine, context, options);
  };
}
