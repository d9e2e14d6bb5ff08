/**
 * The socket options, by the kernel's names in lower case. One row says all that is known of one.
 * Numbers: asm-generic/socket.h, linux/in.h, linux/in6.h, linux/tcp.h; the same on x86-64 and arm64.
 * @module
 */

import type { OptionPhase } from "../core/option.ts";
import { IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET } from "./constants.ts";
import type { OptionEncoding } from "./option_value.ts";

/** Where setsockopt(2) finds an option. */
export interface OptionPlace {
  /** SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6 or IPPROTO_TCP. */
  readonly level: number;
  /** Its number in that level. */
  readonly number: number;
}

/** Sockets that have an option; on others the kernel refuses it, or takes it without effect. */
export type SocketKind = "tcp" | "udp" | "unix";

/** One socket option. */
export interface SocketOption {
  /** As in addresses: `user-timeout`. */
  readonly name: string;
  /** Its place. */
  readonly at: OptionPlace;
  /** Its place on an IPv6 socket, where that is another. */
  readonly at6?: OptionPlace;
  /** How its value is given, and how it lies in memory. */
  readonly value: OptionEncoding;
  /** The latest moment at which it takes full effect. */
  readonly phase: OptionPhase;
  /** Where it has an effect. */
  readonly sockets: readonly SocketKind[];
  /** Without it, read and write. */
  readonly access?: "read";
  /** One line for people. */
  readonly help: string;
}

type Row = [
  number: number,
  name: string,
  value: OptionEncoding,
  phase: OptionPhase,
  help: string,
];

/** Makes rows of one level for one sort of sockets, so that each below is a line of a table. */
function rowsOf(level: number, sockets: readonly SocketKind[]) {
  return (...[number, name, value, phase, help]: Row): SocketOption => {
    return { name, at: { level, number }, value, phase, sockets, help };
  };
}

const ofAny = rowsOf(SOL_SOCKET, ["tcp", "udp", "unix"]);
const ofInet = rowsOf(SOL_SOCKET, ["tcp", "udp"]);
const ofStream = rowsOf(SOL_SOCKET, ["tcp"]);
const ofUdp = rowsOf(SOL_SOCKET, ["udp"]);
const ip = rowsOf(IPPROTO_IP, ["tcp", "udp"]);
const ipUdp = rowsOf(IPPROTO_IP, ["udp"]);
const ip6 = rowsOf(IPPROTO_IPV6, ["tcp", "udp"]);
const tcp = rowsOf(IPPROTO_TCP, ["tcp"]);

/** The same option of IPv6, by its number there. */
const withIp6 = (number: number, row: SocketOption): SocketOption => {
  return { ...row, at6: { level: IPPROTO_IPV6, number } };
};
const readOnly = (row: SocketOption): SocketOption => ({ ...row, access: "read" });

/** Every option, in the order in which people look for them. */
export const socketOptionTable: readonly SocketOption[] = [
  ofInet(2, "reuseaddr", "flag", "bind", "bind though connections to the port are in TIME_WAIT"),
  ofInet(
    15,
    "reuseport",
    "flag",
    "bind",
    "several sockets on one port share its connections or packets",
  ),
  ofInet(25, "bindtodevice", "text", "bind", "only traffic of this interface"),
  withIp6(
    78,
    ip(15, "freebind", "flag", "bind", "bind to an address that the machine does not have yet"),
  ),
  ip6(26, "v6only", "flag", "bind", "an IPv6 socket takes no IPv4 traffic"),
  tcp(1, "nodelay", "flag", "live", "send small writes at once, without Nagle's algorithm"),
  tcp(3, "cork", "flag", "live", "hold partial segments back, for at most 200 ms"),
  tcp(12, "quickack", "flag", "live", "acknowledge at once; the kernel switches it back by itself"),
  ofStream(9, "keepalive", "keepalive", "live", "probe a silent peer: idle time, interval, count"),
  tcp(4, "keepalive-idle", "seconds", "live", "silence before the first probe"),
  tcp(5, "keepalive-interval", "seconds", "live", "time between probes"),
  tcp(
    6,
    "keepalive-count",
    "integer",
    "live",
    "probes without an answer before the connection is dead",
  ),
  tcp(
    18,
    "user-timeout",
    "milliseconds",
    "live",
    "how long sent data may stay unacknowledged; 0 is the system's choice",
  ),
  tcp(7, "syncnt", "integer", "connect", "attempts at connecting before it fails"),
  tcp(2, "maxseg", "size", "connect", "largest segment, without headers"),
  tcp(10, "window-clamp", "size", "connect", "largest receive window that is offered"),
  tcp(
    9,
    "defer-accept",
    "seconds",
    "listen",
    "accept a connection only once it has sent data; rounded to retries",
  ),
  tcp(
    23,
    "fastopen",
    "integer",
    "listen",
    "queue of connections with data in their SYN (RFC 7413)",
  ),
  tcp(30, "fastopen-connect", "flag", "connect", "send the first data with the SYN (RFC 7413)"),
  tcp(13, "congestion", "text", "live", "congestion control: cubic, reno, bbr"),
  tcp(25, "notsent-lowat", "unsigned", "live", "writable only below this many unsent bytes"),
  tcp(8, "linger2", "seconds", "live", "how long a closed connection waits in FIN_WAIT2"),
  ofStream(13, "linger", "linger", "live", "how long close waits for unsent data; 0 is a reset"),
  ofStream(10, "oobinline", "flag", "live", "urgent data comes in line with the other"),
  ofAny(8, "rcvbuf", "size", "connect", "receive buffer; the kernel doubles it, up to rmem_max"),
  ofAny(7, "sndbuf", "size", "connect", "send buffer; the kernel doubles it, up to wmem_max"),
  ofStream(18, "rcvlowat", "size", "live", "readable only from this many bytes on"),
  readOnly(ofAny(19, "sndlowat", "size", "live", "always 1 on Linux")),
  ofAny(20, "rcvtimeo", "timeval", "live", "longest wait of a blocking read; 0 is for ever"),
  ofAny(21, "sndtimeo", "timeval", "live", "longest wait of a blocking write; 0 is for ever"),
  ofUdp(6, "broadcast", "flag", "live", "sending to broadcast addresses is allowed"),
  ofInet(5, "dontroute", "flag", "live", "only to directly connected machines"),
  withIp6(16, ip(2, "ttl", "integer", "live", "hops that a packet may take")),
  withIp6(
    67,
    ip(1, "tos", "integer", "live", "type of service or traffic class (RFC 2474, RFC 3168)"),
  ),
  withIp6(
    23,
    ip(
      10,
      "mtu-discover",
      "integer",
      "live",
      "path MTU discovery: 0 never, 1 by route, 2 always, 3 probe",
    ),
  ),
  withIp6(
    25,
    ipUdp(11, "recverr", "flag", "live", "errors from the network are queued with the packet"),
  ),
  withIp6(
    18,
    ipUdp(
      33,
      "multicast-ttl",
      "integer",
      "live",
      "hops that a multicast packet may take; by default 1",
    ),
  ),
  withIp6(
    19,
    ipUdp(34, "multicast-loop", "flag", "live", "this machine's receivers get what is sent"),
  ),
  withIp6(
    29,
    ipUdp(49, "multicast-all", "flag", "live", "also from groups that other sockets joined"),
  ),
  ofInet(
    12,
    "priority",
    "integer",
    "live",
    "class of the packet queue; over 6 needs CAP_NET_ADMIN",
  ),
  ofInet(36, "mark", "unsigned", "live", "mark for routing and firewall; needs CAP_NET_ADMIN"),
  ofInet(
    46,
    "busy-poll",
    "microseconds",
    "live",
    "how long a read polls the device before it sleeps",
  ),
  readOnly(ofAny(4, "error", "integer", "live", "pending error number; reading clears it")),
  readOnly(ofAny(3, "type", "integer", "live", "1 stream, 2 datagram, 5 seqpacket")),
];
