/**
 * Sockets as /proc/net/tcp, tcp6, udp, udp6 and unix show them: text -> rows (proc_net(5)).
 * @module
 */

import { decimal, fieldsOf, hex, rowsOf, wordHost } from "./procnet_fields.ts";

/** States of a connection (RFC 9293 section 3.3.2). */
export type TcpState =
  | "ESTABLISHED"
  | "SYN-SENT"
  | "SYN-RECEIVED"
  | "FIN-WAIT-1"
  | "FIN-WAIT-2"
  | "TIME-WAIT"
  | "CLOSED"
  | "CLOSE-WAIT"
  | "LAST-ACK"
  | "LISTEN"
  | "CLOSING";

/** By number, as the kernel's `include/net/tcp_states.h`; 12 is a request not yet accepted. */
const tcpStates: readonly (TcpState | undefined)[] = [
  undefined,
  "ESTABLISHED",
  "SYN-SENT",
  "SYN-RECEIVED",
  "FIN-WAIT-1",
  "FIN-WAIT-2",
  "TIME-WAIT",
  "CLOSED",
  "CLOSE-WAIT",
  "LAST-ACK",
  "LISTEN",
  "CLOSING",
  "SYN-RECEIVED",
];

/** The state with this number, or undefined. */
export function tcpStateOf(number: number): TcpState | undefined {
  return tcpStates[number];
}

/** The names that ss(8) prints where they are not those of the RFC. */
export const ssStateName: Readonly<Partial<Record<TcpState, string>>> = {
  ESTABLISHED: "ESTAB",
  "SYN-RECEIVED": "SYN-RECV",
  CLOSED: "UNCONN",
};

/** Timers of a TCP socket, by the number in the column `tr`. */
const timerKinds = ["off", "retransmit", "keepalive", "time-wait", "zero-window-probe"] as const;

/** The timer that runs on a TCP socket; "keepalive" is also that of a delayed acknowledgement. */
export type TcpTimer = typeof timerKinds[number];

/** The timer with this number; one that is not known counts as none. */
export function tcpTimerOf(number: number): TcpTimer {
  return timerKinds[number] ?? "off";
}

/** One end of a socket. */
export interface SocketEnd {
  /** Numeric host; `0.0.0.0` and `::` for any. */
  readonly host: string;
  /** Port in host order; 0 for any. */
  readonly port: number;
}

/** One TCP or UDP socket. */
export interface InetSocketRow {
  readonly protocol: "tcp" | "udp";
  readonly family: "inet" | "inet6";
  readonly local: SocketEnd;
  readonly remote: SocketEnd;
  /** UDP knows two: ESTABLISHED where a peer is set by connect(2), else CLOSED. */
  readonly state: TcpState;
  /** Bytes not acknowledged yet (TCP) or not sent yet (UDP). */
  readonly sendQueue: number;
  /** Bytes not read yet; for a listener, connections not accepted yet. */
  readonly receiveQueue: number;
  readonly timer: TcpTimer;
  /** When the timer fires, in milliseconds from when the file was read. */
  readonly timerMs: number;
  /** Unanswered retransmissions. */
  readonly retransmits: number;
  readonly uid: number;
  /** The number in `socket:[N]` of /proc/PID/fd; 0 where no process holds it (TIME-WAIT). */
  readonly inode: number;
  /** Datagrams dropped; UDP only. */
  readonly drops?: number;
}

/** The kernel counts timers for user space in hundredths of a second (USER_HZ), on every machine. */
const tickMs = 10;

/**
 * Reads /proc/net/tcp, tcp6, udp or udp6. Lines that cannot be read are left out.
 *
 * @example
 * ```ts
 * import { parseInetSockets } from "./procnet.ts";
 *
 * const rows = parseInetSockets("tcp", "");
 * const listeners = rows.filter((row) => row.state === "LISTEN" && row.local.port === 80);
 * ```
 */
export function parseInetSockets(protocol: "tcp" | "udp", text: string): InetSocketRow[] {
  return rowsOf(text, (line) => inetRow(protocol, fieldsOf(line)));
}

function inetRow(protocol: "tcp" | "udp", fields: readonly string[]): InetSocketRow | null {
  const local = endOf(fields[1]);
  const remote = endOf(fields[2]);
  const state = tcpStateOf(hex(fields[3]));
  const [sendQueue, receiveQueue] = pairOf(fields[4]);
  const [timer, ticks] = pairOf(fields[5]);
  const uid = decimal(fields[7]);
  const inode = decimal(fields[9]);
  if (local === null || remote === null || state === undefined) return null;
  if (![sendQueue, receiveQueue, timer, ticks, uid, inode].every(Number.isFinite)) return null;
  const drops = protocol === "udp" ? decimal(fields[12]) : NaN;
  return {
    protocol,
    family: local.host.includes(":") ? "inet6" : "inet",
    local,
    remote,
    state,
    sendQueue,
    receiveQueue,
    timer: tcpTimerOf(timer),
    timerMs: ticks * tickMs,
    retransmits: hex(fields[6]) || 0,
    uid,
    inode,
    ...(Number.isFinite(drops) ? { drops } : {}),
  };
}

/** `0100007F:1F90`: an address in words and a port. */
function endOf(field: string | undefined): SocketEnd | null {
  const [address, portText] = field?.split(":") ?? [];
  const host = wordHost(address);
  const port = hex(portText);
  return host === null || !(port <= 0xffff) ? null : { host, port };
}

function pairOf(field: string | undefined): [number, number] {
  const [first, second] = field?.split(":") ?? [];
  return [hex(first), hex(second)];
}

/** One Unix socket. */
export interface UnixSocketRow {
  readonly type: "stream" | "dgram" | "seqpacket";
  readonly state: "listening" | "unconnected" | "connecting" | "connected" | "disconnecting";
  readonly references: number;
  readonly inode: number;
  /** "" where unnamed; "@" stands for the NUL of an abstract name, as the kernel prints it. */
  readonly path: string;
}

const unixTypes: Readonly<Record<number, UnixSocketRow["type"]>> = {
  1: "stream",
  2: "dgram",
  5: "seqpacket",
};

/** The type with this number (socket(2)), or undefined. */
export function unixTypeOf(number: number): UnixSocketRow["type"] | undefined {
  return unixTypes[number];
}

const unixStates = ["", "unconnected", "connecting", "connected", "disconnecting"] as const;

/** `__SO_ACCEPTCON`: somebody called listen(2). */
const acceptsConnections = 0x10000;

/**
 * Reads /proc/net/unix. A path keeps its blanks; one that holds a newline is cut there, since the
 * kernel prints it as it is.
 */
export function parseUnixSockets(text: string): UnixSocketRow[] {
  return rowsOf(text, unixRow);
}

function unixRow(line: string): UnixSocketRow | null {
  // Num: RefCount Protocol Flags Type St Inode Path
  // A path may hold anything, also what a dot does not take without the flag s: CR, U+2028.
  const match = /^[0-9a-f]+: (\w+) \w+ (\w+) (\w+) (\w+) +(\d+)(?: (.*))?$/is.exec(line);
  if (match === null) return null;
  const type = unixTypeOf(hex(match[3]));
  const state = unixStates[hex(match[4])];
  const references = hex(match[1]);
  if (type === undefined || !state || !Number.isFinite(references)) return null;
  return {
    type,
    state: (hex(match[2]) & acceptsConnections) !== 0 ? "listening" : state,
    references,
    inode: decimal(match[5]),
    path: match[6] ?? "",
  };
}
