/**
 * Address of an echo peer -> the largest datagram that reaches it in one piece.
 * @module
 */

import type { Address } from "../core/address.ts";
import { NetError } from "../core/error.ts";
import { findLargest, type SizeFound, type SizeSearchOptions } from "../stream/size_search.ts";
import { dial } from "./connect.ts";
import { addressFor, type CallOptions, contextOf, portsOf } from "./endpoint.ts";

/** How `probeSize` behaves. */
export interface ProbeSizeOptions extends CallOptions, SizeSearchOptions {
  /** Time for resolving (ms); default 30,000. */
  readonly timeoutMs?: number;
}

/** What was found about the way to a peer. */
export interface SizeProbe extends SizeFound {
  /** The peer that answered. */
  readonly address: string;
  /** Bytes of a packet that the size means: with the headers of IP and UDP. */
  readonly mtu: number;
}

/** IP header without options, and UDP's (RFC 791, RFC 8200, RFC 768). */
const headerBytes = { inet: 28, inet6: 48 } as const;

/** IP_PMTUDISC_DO (ip(7)): never cut into fragments, by this machine or by routers. */
const neverFragment = { name: "mtu-discover", value: "2" } as const;

/**
 * Finds the largest UDP payload that gets to an echo service and back without this machine or a
 * router on the way there cutting it (the DF bit, RFC 1191; IPv6 routers never cut, RFC 8201).
 *
 * @throws {NetError} kind "usage" for anything but `udp://`; "timeout" where nothing echoes;
 * "refused" and others
 *
 * @example
 * ```ts
 * import { probeSize, serve } from "@plumb/plumb";
 *
 * await using server = await serve("echo", "udp://127.0.0.1:0");
 * const { size } = await probeSize(server.addresses[0]?.text ?? "", { most: 1000 });
 * if (size !== 1000) throw new Error(`${size} bytes`);
 * ```
 */
export async function probeSize(
  address: string | Address,
  options: ProbeSizeOptions = {},
): Promise<SizeProbe> {
  const target = addressFor(address, "active");
  refuseOtherThanUdp(target);
  const given = target.options.some(({ name }) => name === neverFragment.name);
  const whole = given ? target : { ...target, options: [...target.options, neverFragment] };
  const context = contextOf(options);
  await using session = await dial(whole, context, portsOf(options), options.timeoutMs);
  const found = await findLargest(session, context, options);
  const { text, host = "" } = session.remote;
  const headers = host.includes(":") ? headerBytes.inet6 : headerBytes.inet;
  return { address: text, mtu: found.size + headers, ...found };
}

/** @throws {NetError} kind "usage" for anything but `udp://` */
export function refuseOtherThanUdp({ scheme }: Address): void {
  if (scheme === "udp") return;
  const message = `this version probes udp only, and not ${scheme}`;
  throw new NetError({ kind: "usage", op: "probe", message, hint: "plumb probe udp://HOST:PORT" });
}
