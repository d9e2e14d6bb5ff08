/**
 * What the kernel tells of its sockets -> rows with the words of ss(8), sorted. Pure.
 * @module
 */

import type { InetDiagRow } from "../wire/inet_diag.ts";
import type { SocketEnd } from "../wire/procnet.ts";
import type { UnixDiagRow } from "../wire/unix_diag.ts";
import { type SocketState, socketState, socketStateNames } from "./sockets_state.ts";

/** Protocols under the names that their addresses have. */
export const socketProtocols = ["tcp", "udp", "unix", "unixgram", "unixpacket"] as const;

/** Protocol of a socket; the Unix ones are stream, datagram and SEQPACKET. */
export type SocketProtocol = typeof socketProtocols[number];

/** One socket of this machine. */
export interface SocketRow {
  readonly protocol: SocketProtocol;
  readonly state: SocketState;
  /**
   * `address:port` as ss(8) prints it (`[::1]:80`, `*:80` of a dual-stack listener, `0.0.0.0:*`),
   * or a path; `*` for a Unix socket without a name.
   */
  readonly local: string;
  /** The peer's, in the same form. */
  readonly remote: string;
  /** Bytes not read yet; of a listener, connections that wait. Null: not told. */
  readonly receiveQueue: number | null;
  /** Bytes not acknowledged, or not read by a Unix peer; of a listener, how many may wait. */
  readonly sendQueue: number | null;
  /** The number in `socket:[N]` of /proc/PID/fd; 0 where no process holds it. */
  readonly inode: number;
  /** User that made it, or null where not told. */
  readonly uid: number | null;
  /** What else the kernel tells of a TCP or UDP socket. */
  readonly inet: InetDiagRow | null;
}

/** Name of an interface by its index, or undefined. */
export type InterfaceNames = (index: number) => string | undefined;

/** A TCP or UDP socket as a row. */
export function inetSocketRow(found: InetDiagRow, interfaceName: InterfaceNames): SocketRow {
  const zone = found.interfaceIndex === 0
    ? ""
    : `%${interfaceName(found.interfaceIndex) ?? found.interfaceIndex}`;
  return {
    protocol: found.protocol,
    state: socketState(found.state),
    local: endText(found.local, found.ipv6Only, zone),
    remote: endText(found.remote, found.ipv6Only, ""),
    receiveQueue: found.receiveQueue,
    sendQueue: found.sendQueue,
    inode: found.inode,
    uid: found.uid,
    inet: found,
  };
}

/** An IPv4-mapped host stays as it is: it tells that an IPv6 socket carries the connection. */
function endText({ host, port }: SocketEnd, ipv6Only: boolean, zone: string): string {
  const shown = host === "::" && !ipv6Only ? "*" : host.includes(":") ? `[${host}]` : host;
  return `${shown}${zone}:${port === 0 ? "*" : port}`;
}

const unixProtocols = { stream: "unix", dgram: "unixgram", seqpacket: "unixpacket" } as const;

/** Unix sockets as rows; the remote end is the path of the socket at the other end. */
export function unixSocketRows(found: readonly UnixDiagRow[]): SocketRow[] {
  const paths = new Map(found.map((row) => [row.inode, row.path]));
  return found.map((row) => ({
    protocol: unixProtocols[row.type],
    state: socketState(row.state),
    local: row.path || "*",
    remote: paths.get(row.peerInode) || "*",
    receiveQueue: row.receiveQueue,
    sendQueue: row.sendQueue,
    inode: row.inode,
    uid: row.uid,
    inet: null,
  }));
}

/** Sorts by protocol, state, local port or path, and peer. */
export function sortedSockets(rows: readonly SocketRow[]): SocketRow[] {
  return [...rows].sort((a, b) =>
    socketProtocols.indexOf(a.protocol) - socketProtocols.indexOf(b.protocol) ||
    socketStateNames.indexOf(a.state) - socketStateNames.indexOf(b.state) ||
    (a.inet?.local.port ?? 0) - (b.inet?.local.port ?? 0) ||
    compared(a.local, b.local) ||
    (a.inet?.remote.port ?? 0) - (b.inet?.remote.port ?? 0) ||
    compared(a.remote, b.remote) ||
    a.inode - b.inode
  );
}

/** By code unit: `localeCompare` costs a hundred times as much, for 20,000 sockets a second. */
function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
