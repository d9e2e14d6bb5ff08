/**
 * Address, Context, Ports -> Duplex, or passive endpoints.
 * @module
 */

import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { Options } from "../core/option.ts";
import type { Passive, Ports, Transport } from "../core/transport.ts";
import { formatEndpoint } from "../address/format.ts";
import { bindOptions } from "../address/options.ts";
import { adoptHanded } from "./handed_over.ts";
import { transports } from "./table.ts";

/**
 * Opens an active address: connects, starts, or opens what it names.
 *
 * @throws {AddressError} kind "option" before anything is opened
 * @throws {NetError} kind "usage" for an address that only listens; what the transport says; the
 * signal's reason once it aborts, and then nothing stays open
 */
export async function openActive(
  address: Address,
  context: Context,
  ports: Ports,
): Promise<Duplex> {
  const transport = transportOf(address);
  if (address.passive) throw sideError("connect", address, "a listening address cannot connect");
  const connect = transport.connect?.bind(transport);
  if (connect === undefined) throw sideError("connect", address, "this can only listen");
  const options = bindOptions(address, transport.options);
  context.signal.throwIfAborted();
  const session = await connect({ address, options, context, ports }).catch((thrown) => {
    throw resolvedFor("connect", address, thrown);
  });
  try {
    context.signal.throwIfAborted();
    refuseUnread(address, options, transport);
  } catch (thrown) {
    session.abort(thrown);
    throw thrown;
  }
  return session;
}

/**
 * Opens a passive address: one endpoint for each address that its name has.
 *
 * @throws as `openActive`; kind "in-use" where something else listens there
 */
export async function openPassive(
  address: Address,
  context: Context,
  ports: Ports,
): Promise<readonly Passive[]> {
  const transport = transportOf(address);
  if (!address.passive) throw sideError("listen", address, "this address connects");
  const listen = transport.listen?.bind(transport);
  if (listen === undefined) throw sideError("listen", address, "this cannot listen");
  const options = bindOptions(address, transport.options);
  context.signal.throwIfAborted();
  const handed = ports.handed?.(address) ?? [];
  if (handed.length > 0) return adoptHanded(handed, address, options, context);
  const opened = await listen({ address, options, context, ports }).catch((thrown) => {
    throw resolvedFor("listen", address, thrown);
  });
  try {
    context.signal.throwIfAborted();
    refuseUnread(address, options, transport);
  } catch (thrown) {
    for (const passive of opened) await close(passive);
    throw thrown;
  }
  return opened;
}

function close(passive: Passive): PromiseLike<void> {
  const endpoint = passive.kind === "listener" ? passive.listener : passive.datagrams;
  return endpoint[Symbol.asyncDispose]();
}

function sideError(op: string, address: Address, message: string): NetError {
  return new NetError({ kind: "usage", op, address: formatEndpoint(address), message });
}

/** A name that has no address is told as what was asked for: operation, address, cause. */
function resolvedFor(op: string, address: Address, thrown: unknown): unknown {
  if (!(thrown instanceof NetError) || thrown.op !== "resolve") return thrown;
  const { kind, reason: message, code, blame } = thrown;
  return new NetError({
    ...{ kind, op, message, blame, address: formatEndpoint(address), cause: thrown },
    ...(code === undefined ? {} : { code }),
  });
}

/** An option that was accepted and then read by nobody would be silently ignored: a bug of ours. */
function refuseUnread(address: Address, options: Options, transport: Transport): void {
  const unread = options.given.find(({ name }) => !options.asked.has(name));
  if (unread === undefined) return;
  throw new NetError({
    kind: "unexpected",
    op: address.passive ? "listen" : "connect",
    address: formatEndpoint(address),
    message:
      `the ${transport.scheme} transport accepted the option ${unread.name} and never read it`,
  });
}

function transportOf(address: Address): Transport {
  const transport = transports[address.scheme];
  if (transport !== undefined) return transport;
  throw sideError("open", address, `this version has no ${address.scheme}: transport`);
}
