/**
 * Options of internet sockets, ip(7) and ipv6(7). Numbers: linux/in.h, linux/in6.h.
 * @module
 */

import { IPPROTO_IP, IPPROTO_IPV6 } from "./constants.ts";
import type { OptionEncoding } from "./option_value.ts";
import { type Ipv6Option, rowsOf, type SocketKind, type SocketOption } from "./option_row.ts";

const row = rowsOf(IPPROTO_IP, "IP_");
const row6 = rowsOf(IPPROTO_IPV6, "IPV6_");
const inet: readonly SocketKind[] = ["tcp", "udp"];
const udp: readonly SocketKind[] = ["udp"];

/** The option of IPv6 with the same meaning. */
function ip6(kernelName: string, number: number, value?: OptionEncoding): Ipv6Option {
  const at = { level: IPPROTO_IPV6, number };
  return value === undefined ? { kernelName, at } : { kernelName, at, value };
}

/** The rows, in the order in which people look for them. */
export const ipRows: readonly SocketOption[] = [
  row("IP_TOS", 1, {
    ip6: ip6("IPV6_TCLASS", 67),
    value: "integer",
    phase: "connect",
    sockets: inet,
    maximum: 255,
    help: "type of service or traffic class (RFC 2474, RFC 3168)",
    pitfalls: "the low two bits are ECN, and TCP keeps its own there; networks rewrite the rest",
  }),
  row("IP_TTL", 2, {
    ip6: ip6("IPV6_UNICAST_HOPS", 16),
    value: "integer",
    phase: "connect",
    sockets: inet,
    minimum: 1,
    maximum: 255,
    help: "hops that a packet may take",
    pitfalls: "multicast has its own: multicast-ttl",
  }),
  row("IP_HDRINCL", 3, {
    value: "flag",
    phase: "live",
    sockets: ["raw"],
    help: "the IP header is written by the program",
    pitfalls: "raw sockets only, which no address opens; needs CAP_NET_RAW",
  }),
  row("IP_OPTIONS", 4, {
    name: "ip-options",
    value: "bytes",
    phase: "connect",
    sockets: inet,
    help: "options of the IPv4 header, in hex: 94040000 is a router alert (RFC 2113)",
    pitfalls: "at most 40 bytes; IPv4 only; many routers drop packets that carry any",
  }),
  row("IP_MTU_DISCOVER", 10, {
    ip6: ip6("IPV6_MTU_DISCOVER", 23),
    value: "integer",
    phase: "connect",
    sockets: inet,
    maximum: 5,
    help: "path MTU discovery: 0 never, 1 by route, 2 always, 3 probe, 4 interface, 5 omit",
    pitfalls: "2 and 3 set DF: a datagram over the path's MTU fails with EMSGSIZE",
  }),
  row("IP_RECVERR", 11, {
    ip6: ip6("IPV6_RECVERR", 25),
    value: "flag",
    phase: "live",
    sockets: udp,
    help: "errors from the network are queued with the packet",
    pitfalls: "whoever sets it must read the error queue (MSG_ERRQUEUE), or calls fail for other " +
      "datagrams' errors; plumb switches it on and reads it by itself",
  }),
  row("IP_FREEBIND", 15, {
    ip6: ip6("IPV6_FREEBIND", 78),
    value: "flag",
    phase: "bind",
    sockets: inet,
    help: "bind to an address that the machine does not have yet",
  }),
  row("IP_TRANSPARENT", 19, {
    ip6: ip6("IPV6_TRANSPARENT", 75),
    value: "flag",
    phase: "bind",
    sockets: inet,
    help: "bind to foreign addresses, for transparent proxies",
    pitfalls: "needs CAP_NET_ADMIN, and routing that brings the packets here",
  }),
  row("IP_BIND_ADDRESS_NO_PORT", 24, {
    value: "flag",
    phase: "bind",
    sockets: inet,
    help: "bind=HOST without a port takes one only when connecting",
    pitfalls: "without it, one source address has fewer connections than ports; plumb sets it " +
      "by itself where bind= names no port",
  }),
  row6("IPV6_V6ONLY", 26, {
    value: "flag",
    phase: "bind",
    sockets: inet,
    help: "an IPv6 socket takes no IPv4 traffic",
    pitfalls: "off: [::]:80 and 0.0.0.0:80 cannot both be bound, and IPv4 peers look like " +
      "::ffff:192.0.2.1",
  }),
  row("IP_MULTICAST_TTL", 33, {
    ip6: ip6("IPV6_MULTICAST_HOPS", 18),
    value: "integer",
    phase: "live",
    sockets: udp,
    maximum: 255,
    help: "hops that a multicast packet may take",
    pitfalls: "1 by default: no router forwards it",
  }),
  row("IP_MULTICAST_LOOP", 34, {
    ip6: ip6("IPV6_MULTICAST_LOOP", 19),
    value: "flag",
    phase: "live",
    sockets: udp,
    help: "members on this machine receive what is sent from here",
    pitfalls: "it is the sender's on Linux, and the receiver's on Windows",
  }),
  row("IP_MULTICAST_IF", 32, {
    ip6: ip6("IPV6_MULTICAST_IF", 17, "integer"), // the number of the interface
    value: "interface",
    phase: "live",
    sockets: udp,
    access: "read",
    help: "the interface that multicast leaves by; set by interface=NAME in an address",
    pitfalls: "without it the route decides, which need not be the interface of the join",
  }),
  row("IP_MULTICAST_ALL", 49, {
    ip6: ip6("IPV6_MULTICAST_ALL", 29),
    value: "flag",
    phase: "live",
    sockets: udp,
    help: "also from groups that other sockets joined",
    pitfalls: "the kernel's default is on: a socket bound to any address gets every group of the " +
      "machine; plumb switches it off",
  }),
];
