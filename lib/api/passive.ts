/**
 * Passive endpoint by address -> listeners of sessions, each announced.
 * @module
 */

import { formatAddress } from "../address/format.ts";
import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Listener } from "../core/contract.ts";
import type { Passive, Ports } from "../core/transport.ts";
import type { AcceptPolicy } from "../service/policy.ts";
import { sessionsOf, type SessionsOptions } from "../stream/sessions.ts";
import { openPassive } from "../transport/open.ts";
import { sayTaken } from "../transport/socket_options.ts";
import { lastingOf } from "./lasting_options.ts";
import { sayListening } from "./listening_line.ts";
import { acceptQueues } from "./machine_figures.ts";

/**
 * Opens everything that an address listens on, datagram sockets as listeners of sessions, and says
 * where (rule 2 of the contract).
 *
 * @throws {NetError} where one of them cannot be opened; none stays open then
 */
export async function openListeners(
  address: Address,
  context: Context,
  ports: Ports,
  datagrams: SessionsOptions = {},
): Promise<readonly Listener[]> {
  lastingOf(address); // refuses with a hint what only the active side has
  const opened = await openPassive(address, context, ports);
  if (address.options.some(({ name }) => name === "backlog")) sayBacklogs(opened, context);
  const listeners = opened.map((passive) =>
    passive.kind === "listener"
      ? passive.listener
      : sessionsOf(passive.datagrams, context, datagrams)
  );
  for (const listener of listeners) {
    setOrigin(listener, addressKey(address));
    sayListening(context.log, listener.local);
  }
  return listeners;
}

/** Says what listen(2) was given in effect; only sock_diag(7) tells that. */
function sayBacklogs(opened: readonly Passive[], context: Context): void {
  const locals = opened.flatMap((one) => one.kind === "listener" ? one.listener.local : []);
  for (const { listener, limit } of acceptQueues(locals)) {
    sayTaken("backlog", limit, listener, context);
  }
}

/** Which address each listener was opened for; a server that is taken over tells it. */
const origins = new WeakMap<Listener, string>();

/** Says what a listener was opened for: an `addressKey`, or a `figuresKey`. */
export function setOrigin(listener: Listener, key: string): void {
  origins.set(listener, key);
}

/** What a listener was opened for. */
export function originOf(listener: Listener): string | undefined {
  return origins.get(listener);
}

/** What two passive addresses have in common that name the same place: all but the options. */
export function addressKey(address: Address): string {
  return formatAddress({ ...address, options: [] });
}

/** What a `figuresKey` begins with, and no address. */
export const figuresPrefix = "figures ";

/** As `addressKey`, for an address of figures: it is not mixed up with what is served. */
export function figuresKey(address: Address): string {
  return figuresPrefix + addressKey(address);
}

/** What a server says of connections, as it holds for the sessions of its datagram sockets. */
export function datagramBounds(
  policy: Pick<AcceptPolicy, "maximumPerPeer" | "ratePerPeer"> & { readonly idleMs?: number },
): SessionsOptions {
  const { maximumPerPeer: perPeer, ratePerPeer, idleMs } = policy;
  return {
    ...(perPeer === undefined ? {} : { perPeer }),
    ...(ratePerPeer === undefined ? {} : { ratePerPeer }),
    ...(idleMs === undefined ? {} : { idleMs }),
  };
}

/** Opens the listeners of several addresses: all of them, or none. */
export async function openAllListeners(
  addresses: readonly Address[],
  context: Context,
  ports: Ports,
  datagrams: SessionsOptions = {},
): Promise<readonly Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const address of addresses) {
      listeners.push(...await openListeners(address, context, ports, datagrams));
    }
    return listeners;
  } catch (thrown) {
    await closeAll(listeners);
    throw thrown;
  }
}

/** Closes listeners; the sessions that they gave go on. */
export async function closeAll(listeners: readonly Listener[]): Promise<void> {
  for (const listener of listeners) await listener[Symbol.asyncDispose]();
}
