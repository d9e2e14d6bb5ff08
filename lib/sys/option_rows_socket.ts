/**
 * Options of any socket, socket(7). Numbers: asm-generic/socket.h.
 * @module
 */

import { SOL_SOCKET } from "./constants.ts";
import { rowsOf, type SocketKind, type SocketOption } from "./option_row.ts";

const row = rowsOf(SOL_SOCKET, "SO_");
const any: readonly SocketKind[] = ["tcp", "udp", "unix", "unixgram"];
const inet: readonly SocketKind[] = ["tcp", "udp"];
const largestInt = 2 ** 31 - 1;

/** The rows, in the order in which people look for them. */
export const socketRows: readonly SocketOption[] = [
  row("SO_REUSEADDR", 2, {
    value: "flag",
    phase: "bind",
    sockets: inet,
    help: "bind though connections to the port are in TIME_WAIT",
    pitfalls: "never lets two TCP sockets listen on one port; two UDP sockets share one with it, " +
      "and only the last one gets unicast",
  }),
  row("SO_REUSEPORT", 15, {
    value: "flag",
    phase: "bind",
    sockets: inet,
    help: "several sockets on one port share its connections or packets",
    pitfalls: "every one of them must set it, as the same user; closing one resets the clients " +
      "that wait in its queue",
  }),
  row("SO_BINDTODEVICE", 25, {
    value: "text",
    phase: "bind",
    sockets: inet,
    help: "only traffic of this interface",
    pitfalls: "on another interface than lo, this machine cannot reach itself any more",
  }),
  row("SO_KEEPALIVE", 9, {
    value: "keepalive",
    phase: "live",
    sockets: ["tcp"],
    help: "probe a silent peer: idle time, interval, count",
    pitfalls: "without times a dead peer is noticed after 2 h 11 min; while data is " +
      "unacknowledged no probe is sent, and user-timeout decides",
  }),
  row("SO_LINGER", 13, {
    value: "linger",
    phase: "live",
    sockets: ["tcp"],
    maximum: 2_147_483_000,
    help: "how long closing waits for what was not acknowledged; 0s is a reset",
    pitfalls: "in whole seconds; 0s throws away what was written; the wait ends without an error " +
      "though the peer has not got all",
  }),
  row("SO_RCVBUF", 8, {
    value: "size",
    phase: "connect",
    sockets: inet,
    maximum: largestInt,
    help: "receive buffer; Unix sockets have only sndbuf",
    pitfalls: "the kernel doubles it (half is bookkeeping), caps it silently at " +
      "net.core.rmem_max, and stops tuning it by itself; the window scale is chosen in the " +
      "handshake, so that setting it later cannot make the window larger than that allows",
  }),
  row("SO_SNDBUF", 7, {
    value: "size",
    phase: "connect",
    sockets: any,
    maximum: largestInt,
    help: "send buffer; of a Unix datagram socket, the bound on one message",
    pitfalls: "doubled and capped (net.core.wmem_max) as rcvbuf is; switches its tuning off",
  }),
  row("SO_RCVLOWAT", 18, {
    value: "size",
    phase: "live",
    sockets: ["tcp", "unix"],
    minimum: 1,
    maximum: largestInt,
    help: "readable only from this many bytes on",
    pitfalls: "a peer that sends less and waits for the answer waits for ever",
  }),
  row("SO_SNDLOWAT", 19, {
    value: "size",
    phase: "live",
    sockets: any,
    access: "read",
    help: "writable only from this much room on",
    pitfalls: "always 1 on Linux; notsent-lowat is what works",
  }),
  row("SO_RCVTIMEO", 20, {
    value: "timeval",
    phase: "live",
    sockets: any,
    help: "longest wait of a blocking read; 0 is for ever",
    pitfalls: "nothing for non-blocking sockets, which all of plumb's are: no address takes it; " +
      "--idle is what works",
  }),
  row("SO_SNDTIMEO", 21, {
    value: "timeval",
    phase: "live",
    sockets: any,
    help: "longest wait of a blocking write; 0 is for ever",
    pitfalls: "as rcvtimeo; user-timeout and --idle are what works",
  }),
  row("SO_OOBINLINE", 10, {
    value: "flag",
    phase: "live",
    sockets: ["tcp"],
    help: "urgent data comes in line with the other",
    pitfalls: "without it, the last byte of urgent data is lost to plumb",
  }),
  row("SO_BROADCAST", 6, {
    value: "flag",
    phase: "live",
    sockets: ["udp"],
    help: "sending to broadcast addresses is allowed",
    pitfalls: "without it, sending to one fails with EACCES",
  }),
  row("SO_DONTROUTE", 5, {
    value: "flag",
    phase: "connect",
    sockets: inet,
    help: "only to directly connected machines",
    pitfalls: "what a gateway would have to carry fails with ENETUNREACH",
  }),
  row("SO_PRIORITY", 12, {
    value: "integer",
    phase: "connect",
    sockets: inet,
    maximum: largestInt,
    help: "class of the packet queue",
    pitfalls: "over 6 needs CAP_NET_ADMIN; setting tos over IPv4 changes it too",
  }),
  row("SO_MARK", 36, {
    value: "unsigned",
    phase: "connect",
    sockets: inet,
    maximum: 2 ** 32 - 1,
    help: "mark for routing and firewall",
    pitfalls: "needs CAP_NET_ADMIN or CAP_NET_RAW",
  }),
  row("SO_BUSY_POLL", 46, {
    value: "microseconds",
    phase: "live",
    sockets: inet,
    maximum: largestInt / 1000,
    help: "how long a read polls the device before it sleeps",
    pitfalls: "costs a processor; a larger value than net.core.busy_read needs CAP_NET_ADMIN; " +
      "what is written as 50us elsewhere is 0.05ms here",
  }),
  row("SO_ERROR", 4, {
    value: "integer",
    phase: "live",
    sockets: any,
    access: "read",
    help: "pending error number",
    pitfalls: "reading clears it",
  }),
  row("SO_TYPE", 3, {
    value: "integer",
    phase: "live",
    sockets: any,
    access: "read",
    help: "1 stream, 2 datagram, 5 seqpacket",
  }),
];
