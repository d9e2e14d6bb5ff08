/**
 * Prefixes (`10.1.2.3/20`): network, broadcast and range. The arithmetic is ipaddr.js's.
 * @module
 */

import ipaddr from "ipaddr.js";
import { inetNtop, inetPton } from "./inet.ts";

/** A prefix with everything that follows from it. Addresses are text. */
export interface Prefix {
  readonly family: "inet" | "inet6";
  readonly length: number;
  readonly network: string;
  /** IPv6 masks are rarely written out; IPv4 only. */
  readonly netmask?: string;
  /** Null where there is none: IPv6, /31 and /32. */
  readonly broadcast: string | null;
  /** First and last address that a host can have. */
  readonly firstHost: string;
  readonly lastHost: string;
  /** All addresses of the prefix, network and broadcast included. */
  readonly addressCount: bigint;
  /** Those that a host can have. */
  readonly hostCount: bigint;
}

/**
 * Works out a prefix.
 *
 * @param host a numeric address, of the network or within it
 * @param length 0 to 32 or 128
 * @returns null for a host that is not numeric, or a length out of range
 */
export function prefixOf(host: string, length: number): Prefix | null {
  const bytes = inetPton(host);
  if (bytes === null || !Number.isInteger(length) || length < 0) return null;
  const bits = bytes.length * 8;
  if (length > bits) return null;
  const cidr = `${host}/${length}`;
  const addressCount = 1n << BigInt(bits - length);
  if (bits === 128) return ipv6Prefix(cidr, length, addressCount);
  const network = ipaddr.IPv4.networkAddressFromCIDR(cidr);
  const last = ipaddr.IPv4.broadcastAddressFromCIDR(cidr);
  // /31 links use both addresses (RFC 3021), and /32 is the host itself.
  const small = length >= 31;
  return {
    family: "inet",
    length,
    network: textOf(network),
    netmask: ipaddr.IPv4.subnetMaskFromPrefixLength(length).toString(),
    broadcast: small ? null : textOf(last),
    firstHost: small ? textOf(network) : stepped(network, 1),
    lastHost: small ? textOf(last) : stepped(last, -1),
    addressCount,
    hostCount: small ? addressCount : addressCount - 2n,
  };
}

/** IPv6 has no broadcast; the all-zeros host is the routers' anycast (RFC 4291 section 2.6.1). */
function ipv6Prefix(cidr: string, length: number, addressCount: bigint): Prefix {
  const network = textOf(ipaddr.IPv6.networkAddressFromCIDR(cidr));
  const last = textOf(ipaddr.IPv6.broadcastAddressFromCIDR(cidr));
  return {
    family: "inet6",
    length,
    network,
    broadcast: null,
    firstHost: network,
    lastHost: last,
    addressCount,
    hostCount: addressCount,
  };
}

/** One text form in the whole program; the package writes mapped addresses without the dots. */
function textOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  return inetNtop(Uint8Array.from(address.toByteArray()));
}

/** The neighbour of an address that is not the first or last of its 256. */
function stepped(address: ipaddr.IPv4, by: 1 | -1): string {
  const octets = address.toByteArray();
  octets[3] = (octets[3] ?? 0) + by;
  return octets.join(".");
}

/** True where `host` lies in `network/length`; false across families and for text. */
export function inPrefix(host: Uint8Array, network: Uint8Array, length: number): boolean {
  if (host.length !== network.length) return false;
  const whole = length >> 3;
  for (let at = 0; at < whole; at++) if (host[at] !== network[at]) return false;
  const mask = 0xff00 >> (length & 7) & 0xff;
  return mask === 0 || ((host[whole] ?? 0) & mask) === ((network[whole] ?? 0) & mask);
}
