/**
 * This machine's side: its interfaces, and the way to a destination. Nothing is sent.
 * @module
 */

import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import { errnoError } from "../sys/errno.ts";
import { systemInterfaces } from "../sys/interfaces.ts";
import { askRouting } from "../sys/netlink.ts";
import { readSystemText } from "../sys/procfs.ts";
import { resolveHost } from "../transport/resolve.ts";
import { inetNtop, inetPton, mappedIpv4 } from "../wire/inet.ts";
import { classifyIp } from "../wire/ip_kind.ts";
import { prefixOf } from "../wire/prefix.ts";
import { parseIpv6Routes, parseRoutes, type RouteRow } from "../wire/procnet_routes.ts";
import { decodeRouteReply, encodeRouteRequest } from "../wire/rtnetlink.ts";

/** One address of an interface. */
export interface InterfaceAddress {
  readonly family: "inet" | "inet6";
  readonly host: string;
  readonly prefixLength: number;
  readonly kind: string;
  /** Null where there is none: IPv6, loopback, /31 and /32. */
  readonly broadcast: string | null;
}

/** One interface of this machine. */
export interface InterfaceFacts {
  readonly interface: string;
  readonly index: number;
  readonly up: boolean;
  /** Largest packet in bytes; null where unknown. */
  readonly mtu: number | null;
  readonly mac: string | null;
  /** Routers of the default routes that leave through it, the preferred one first. */
  readonly gateways: readonly string[];
  readonly addresses: readonly InterfaceAddress[];
}

/** Lists the interfaces in the kernel's order. */
export function interfaceFacts(): InterfaceFacts[] {
  const routes = defaultRoutes();
  return systemInterfaces().map((found) => ({
    interface: found.name,
    index: found.index,
    up: found.up,
    mtu: found.mtu,
    mac: found.mac,
    gateways: routes.flatMap(({ interface: name, gateway }) =>
      name === found.name && gateway !== null ? [gateway] : []
    ),
    addresses: found.addresses.map((address) => ({
      ...address,
      kind: classifyIp(inetPton(address.host) ?? new Uint8Array(4)).kind,
      // Worked out, as the kernel does it (fib_add_ifaddr): it treats that address as broadcast
      // whatever the interface was told with "brd".
      broadcast: found.broadcast
        ? prefixOf(address.host, address.prefixLength)?.broadcast ?? null
        : null,
    })),
  }));
}

function defaultRoutes(): RouteRow[] {
  const routes = [
    ...parseRoutes(readSystemText("/proc/net/route") ?? ""),
    ...parseIpv6Routes(readSystemText("/proc/net/ipv6_route") ?? ""),
  ];
  return routes.filter((route) => route.prefixLength === 0 && route.usable)
    .sort((a, b) => a.metric - b.metric);
}

/** Index of the interface that a zone names (or is), 0 where this machine has none. */
export function scopeIndex(zone: string): number {
  const found = systemInterfaces().find(({ name, index }) => name === zone || `${index}` === zone);
  return found?.index ?? (/^\d{1,9}$/.test(zone) ? Number(zone) : 0);
}

/** The way to one destination. */
export interface RouteFacts {
  /** As it was written. */
  readonly to: string;
  readonly destination: string;
  /** unicast, local (this machine), broadcast, multicast ... */
  readonly kind: string;
  readonly source: string | null;
  readonly interface: string | null;
  /** Null where the destination is on the link. */
  readonly gateway: string | null;
  /** That of the route, else of the interface, in bytes. */
  readonly mtu: number | null;
}

/** A destination that cannot be reached, and why. */
export interface NoRoute {
  readonly to: string;
  readonly destination: string;
  readonly error: NetError;
}

/**
 * Asks the kernel for the way to each address of a host. A name is resolved first, by the
 * system's resolver; to the host itself nothing is sent.
 *
 * @throws {NetError} kind "resolve" for a name that has no address, "option" for a zone that is no
 * interface of this machine
 */
export async function routesTo(
  to: string,
  context: Context,
): Promise<(RouteFacts | NoRoute)[]> {
  const text = /^\[.*\]$/.test(to) ? to.slice(1, -1) : to;
  const hosts = await resolveHost(text, context);
  return hosts.map(({ host }) => routeTo(to, host));
}

function routeTo(to: string, host: string): RouteFacts | NoRoute {
  const [plain = "", zone] = host.split("%", 2);
  const bytes = inetPton(plain);
  if (bytes === null) {
    throw new NetError({ kind: "usage", op: "addr", address: to, message: "not an address" });
  }
  const destination = mappedIpv4(bytes) ?? bytes;
  const shown = inetNtop(destination);
  const scope = zone === undefined ? 0 : scopeIndex(zone);
  if (zone !== undefined && scope === 0) {
    // Left out, the kernel would answer for an interface that was not asked about.
    const message = `no such interface ${zone}`;
    throw new NetError({ kind: "option", op: "addr", address: to, message });
  }
  const reply = decodeRouteReply(askRouting(encodeRouteRequest(destination, scope)));
  if (typeof reply === "number") {
    return { to, destination: shown, error: errnoError("addr", reply, shown) };
  }
  const out = systemInterfaces().find(({ index }) => index === reply.interfaceIndex);
  return {
    to,
    destination: shown,
    kind: reply.kind,
    source: reply.source,
    interface: out?.name ?? null,
    gateway: reply.gateway,
    mtu: reply.mtu ?? out?.mtu ?? null,
  };
}
