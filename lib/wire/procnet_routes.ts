/**
 * Routes and interfaces as /proc/net/route, ipv6_route, if_inet6 and dev show them: text -> rows.
 * @module
 */

import { inetNtop } from "./inet.ts";
import { decimal, fieldsOf, hex, hexBytes, rowsOf, wordBytes } from "./procnet_fields.ts";

/** One route of the main table. */
export interface RouteRow {
  readonly family: "inet" | "inet6";
  readonly interface: string;
  /** Network that it leads to: `0.0.0.0` or `::` with length 0 is the default route. */
  readonly destination: string;
  readonly prefixLength: number;
  /** Next hop, or null where the destination is on the link. */
  readonly gateway: string | null;
  /** Smaller is preferred. */
  readonly metric: number;
  /** False for routes that refuse what they match, and for those that are down. */
  readonly usable: boolean;
  /** True for an address of this machine itself (IPv6 only; the IPv4 file leaves them out). */
  readonly local: boolean;
}

/** Flags of `linux/route.h` and `linux/ipv6_route.h`. */
const up = 0x1;
const reject = 0x200;
const localFlag = 0x80000000;

/** Reads /proc/net/route. A mask that is not one run of ones is left out: no prefix stands for it. */
export function parseRoutes(text: string): RouteRow[] {
  return rowsOf(text, (line) => {
    // Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
    const fields = fieldsOf(line);
    const [name, destination, gateway] = [fields[0], wordBytes(fields[1]), wordBytes(fields[2])];
    const flags = hex(fields[3]);
    const metric = decimal(fields[6]);
    const prefixLength = maskLength(wordBytes(fields[7]));
    if (name === undefined || destination === null || gateway === null) return null;
    if (prefixLength === null || !Number.isFinite(flags) || !Number.isFinite(metric)) return null;
    return routeOf("inet", name, destination, prefixLength, gateway, metric, flags);
  });
}

/** Reads /proc/net/ipv6_route. */
export function parseIpv6Routes(text: string): RouteRow[] {
  return rowsOf(text, (line) => {
    // destination length source length next-hop metric references use flags interface
    const fields = fieldsOf(line);
    const [name, destination, gateway] = [
      fields[9],
      hexBytes(fields[0], 16),
      hexBytes(fields[4], 16),
    ];
    const prefixLength = hex(fields[1]);
    const metric = hex(fields[5]);
    const flags = hex(fields[8]);
    if (name === undefined || destination === null || gateway === null) return null;
    if (!(prefixLength <= 128) || !Number.isFinite(metric) || !Number.isFinite(flags)) return null;
    return routeOf("inet6", name, destination, prefixLength, gateway, metric, flags);
  });
}

function routeOf(
  family: RouteRow["family"],
  name: string,
  destination: Uint8Array,
  prefixLength: number,
  gateway: Uint8Array,
  metric: number,
  flags: number,
): RouteRow {
  return {
    family,
    interface: name,
    destination: inetNtop(destination),
    prefixLength,
    gateway: gateway.some((byte) => byte !== 0) ? inetNtop(gateway) : null,
    metric,
    usable: (flags & up) !== 0 && (flags & reject) === 0,
    local: family === "inet6" && flags >= localFlag,
  };
}

/** Length of a mask, or null where ones follow zeros. */
function maskLength(mask: Uint8Array | null): number | null {
  if (mask === null) return null;
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : null;
}

/** One IPv6 address of this machine. */
export interface InterfaceAddressRow {
  readonly interface: string;
  readonly host: string;
  readonly prefixLength: number;
  readonly index: number;
  readonly scope: "global" | "link" | "host" | "site" | "compat";
}

const addressScopes: Readonly<Record<number, InterfaceAddressRow["scope"]>> = {
  0x00: "global",
  0x10: "host",
  0x20: "link",
  0x40: "site",
  0x80: "compat",
};

/** Reads /proc/net/if_inet6 (address, index, prefix length, scope, flags, interface: all hex). */
export function parseInterfaceAddresses(text: string): InterfaceAddressRow[] {
  return rowsOf(text, (line) => {
    const fields = fieldsOf(line);
    const bytes = hexBytes(fields[0], 16);
    const index = hex(fields[1]);
    const prefixLength = hex(fields[2]);
    const scope = addressScopes[hex(fields[3])];
    const name = fields[5];
    if (bytes === null || scope === undefined || name === undefined) return null;
    if (!(prefixLength <= 128) || !Number.isFinite(index)) return null;
    return { interface: name, host: inetNtop(bytes), prefixLength, index, scope };
  });
}

/** Counters of one direction of an interface. */
export interface InterfaceCounters {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly drops: number;
}

/** One interface with its counters. */
export interface InterfaceRow {
  readonly interface: string;
  readonly received: InterfaceCounters;
  readonly sent: InterfaceCounters;
}

/** Reads /proc/net/dev. */
export function parseInterfaces(text: string): InterfaceRow[] {
  return rowsOf(text, (line) => {
    // "eth0:1234 ...": the first number may follow the colon without a blank.
    const colon = line.lastIndexOf(":");
    const name = line.slice(0, Math.max(0, colon)).trim();
    const numbers = fieldsOf(line.slice(colon + 1)).map(decimal);
    if (name === "" || numbers.length < 16 || !numbers.every(Number.isFinite)) return null;
    return { interface: name, received: countersAt(numbers, 0), sent: countersAt(numbers, 8) };
  });
}

function countersAt(numbers: readonly number[], at: number): InterfaceCounters {
  const [bytes = 0, packets = 0, errors = 0, drops = 0] = numbers.slice(at, at + 4);
  return { bytes, packets, errors, drops };
}
