/**
 * Zones of IPv6 addresses: which interface a link-local one is meant on (RFC 4007).
 * @module
 */

import { ipv6Groups, takesZone } from "../address/ip.ts";
import type { InetAddress } from "../core/address.ts";
import { NetError } from "../core/error.ts";
import { systemInterfaces } from "../sys/interfaces.ts";

/** True for addresses and groups that there may be on each interface. @param host without a zone */
export function isLinkLocal(host: string): boolean {
  return takesZone(ipv6Groups(host) ?? []);
}

/**
 * Refuses a zone that is no interface of this machine, and a link-local address without any. Left
 * to getaddrinfo(3) the one would be a name that is not found, after the waiting has begun; the
 * other is "invalid argument" to bind(2) and connect(2).
 *
 * @param hasInterface true where an option names it
 * @param where operation and address, for the error
 * @throws {NetError} kind "option"
 */
export function checkZone(
  { host, zone }: InetAddress,
  hasInterface: boolean,
  where: { readonly op: "connect" | "listen"; readonly address: string },
): void {
  if (zone === undefined && (hasInterface || !isLinkLocal(host))) return;
  const interfaces = systemInterfaces();
  // A name, or the number of an interface itself (RFC 4007 section 11).
  if (interfaces.some(({ name, index }) => name === zone || String(index) === zone)) return;
  const there = `there are ${interfaces.map(({ name }) => name).join(", ")}`;
  const [message, hint] = zone === undefined
    ? ["a link-local address needs an interface", `write [${host}%INTERFACE]; ${there}`]
    : [`no such interface ${zone}`, there];
  throw new NetError({ kind: "option", ...where, message, hint });
}
