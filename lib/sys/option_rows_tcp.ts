/**
 * Options of TCP sockets, tcp(7). Numbers: linux/tcp.h.
 * @module
 */

import { IPPROTO_TCP } from "./constants.ts";
import { rowsOf, type SocketKind, type SocketOption } from "./option_row.ts";

const row = rowsOf(IPPROTO_TCP, "TCP_");
const sockets: readonly SocketKind[] = ["tcp"];
const largestInt = 2 ** 31 - 1;
/** MAX_TCP_WINDOW, and the bounds of keepalive in seconds (net/tcp.h). */
const largestShort = 32_767;

/** The rows, in the order in which people look for them. */
export const tcpRows: readonly SocketOption[] = [
  row("TCP_NODELAY", 1, {
    value: "flag",
    phase: "live",
    sockets,
    help: "send small writes at once, without Nagle's algorithm",
    pitfalls: "off, with a peer that delays its acknowledgements, write-write-read takes 40 ms " +
      "more; plumb switches it on by itself",
  }),
  row("TCP_CORK", 3, {
    value: "flag",
    phase: "live",
    sockets,
    help: "hold partial segments back",
    pitfalls: "for at most 200 ms; wins over nodelay while it is set",
  }),
  row("TCP_QUICKACK", 12, {
    value: "flag",
    phase: "live",
    sockets,
    help: "acknowledge at once",
    pitfalls: "the kernel switches it back by itself; not inherited by accepted connections",
  }),
  row("TCP_KEEPIDLE", 4, {
    aliases: ["TCP_KEEPALIVE"],
    value: "seconds",
    phase: "live",
    sockets,
    minimum: 1000,
    maximum: largestShort * 1000,
    help: "silence before the first keepalive probe",
    pitfalls: "nothing without keepalive; TCP_KEEPALIVE on macOS",
  }),
  row("TCP_KEEPINTVL", 5, {
    value: "seconds",
    phase: "live",
    sockets,
    minimum: 1000,
    maximum: largestShort * 1000,
    help: "time between keepalive probes",
    pitfalls: "nothing without keepalive",
  }),
  row("TCP_KEEPCNT", 6, {
    value: "integer",
    phase: "live",
    sockets,
    minimum: 1,
    maximum: 127,
    help: "probes without an answer before the connection is dead",
    pitfalls: "user-timeout replaces it where both are set",
  }),
  row("TCP_USER_TIMEOUT", 18, {
    value: "milliseconds",
    phase: "live",
    sockets,
    maximum: largestInt,
    help: "how long sent data may stay unacknowledged; 0 is the system's choice",
    pitfalls: "0 means some 15 minutes (net.ipv4.tcp_retries2); says nothing about a peer that " +
      "acknowledges and does not read",
  }),
  row("TCP_SYNCNT", 7, {
    value: "integer",
    phase: "connect",
    sockets,
    minimum: 1,
    maximum: 127,
    help: "how often connecting is tried again before it fails",
    pitfalls: "each try waits twice as long: 6 are 127 s; --timeout is the bound in time",
  }),
  row("TCP_MAXSEG", 2, {
    value: "size",
    phase: "connect",
    sockets,
    minimum: 88,
    maximum: largestShort,
    help: "largest segment, without headers",
    pitfalls: "reads as 536 until connected; the peer's, the MTU and timestamps lower it",
  }),
  row("TCP_WINDOW_CLAMP", 10, {
    value: "size",
    phase: "connect",
    sockets,
    maximum: largestInt,
    help: "largest receive window that is offered",
    pitfalls: "half of the smallest rcvbuf is its floor",
  }),
  row("TCP_DEFER_ACCEPT", 9, {
    value: "seconds",
    phase: "listen",
    sockets,
    maximum: largestInt,
    help: "accept a connection only once it has sent data",
    pitfalls: "rounded up to retries of SYN-ACK: 1s, 3s, 7s, 15s; a client that waits for a " +
      "greeting waits in vain",
  }),
  row("TCP_FASTOPEN", 23, {
    value: "integer",
    phase: "listen",
    sockets,
    maximum: 65_535,
    help: "queue of connections with data in their SYN (RFC 7413)",
    pitfalls: "nothing unless net.ipv4.tcp_fastopen has its bit 2; capped at somaxconn",
  }),
  row("TCP_FASTOPEN_CONNECT", 30, {
    value: "flag",
    phase: "connect",
    sockets,
    help: "send the first data with the SYN (RFC 7413)",
    pitfalls: "connecting succeeds before the peer was asked; a lost SYN repeats the data",
  }),
  row("TCP_CONGESTION", 13, {
    value: "text",
    phase: "connect",
    sockets,
    help: "congestion control: cubic, reno, bbr",
    pitfalls: "users other than root may choose from " +
      "net.ipv4.tcp_allowed_congestion_control only",
  }),
  row("TCP_NOTSENT_LOWAT", 25, {
    value: "size",
    phase: "live",
    sockets,
    maximum: largestInt,
    help: "writable only below this many unsent bytes",
    pitfalls: "keeps latency low where sndbuf is large; too small costs throughput",
  }),
  row("TCP_LINGER2", 8, {
    value: "seconds",
    phase: "live",
    sockets,
    maximum: 120_000,
    help: "how long a closed connection waits in FIN_WAIT2",
    pitfalls: "has nothing to do with linger or TIME_WAIT",
  }),
  row("TCP_INFO", 11, {
    value: "structure",
    phase: "live",
    sockets,
    access: "read",
    help: "what the kernel knows of the connection: state, round trip, retransmissions",
    pitfalls: "grows with the kernel; plumb sockets --info says it in words",
  }),
];
