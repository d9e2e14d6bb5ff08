/**
 * This machine's sockets: from sock_diag(7), and from /proc/net where that is not to be had.
 * @module
 */

import { NetError } from "../core/error.ts";
import { errnoName } from "../sys/errno.ts";
import { systemInterfaces } from "../sys/interfaces.ts";
import { askSockets } from "../sys/netlink.ts";
import { readNetTable } from "../sys/procnet.ts";
import {
  decodeInetDiag,
  encodeInetDump,
  encodeInetQuestion,
  type InetDiagRow,
} from "../wire/inet_diag.ts";
import {
  type InetSocketRow,
  parseInetSockets,
  parseUnixSockets,
  type TcpState,
  type UnixSocketRow,
} from "../wire/procnet.ts";
import { decodeUnixDiag, encodeUnixDump, type UnixDiagRow } from "../wire/unix_diag.ts";
import {
  inetSocketRow,
  type InterfaceNames,
  type SocketRow,
  unixSocketRows,
} from "./sockets_row.ts";

/** Kinds of sockets, each with a table of the kernel's. */
export type SocketKind = "tcp" | "udp" | "unix";

/** Asks sock_diag(7), as `sys/netlink.ts` does. */
export type AskSockets = typeof askSockets;

/** The sockets, and what could not be told of them. */
export interface SocketReading {
  readonly rows: readonly SocketRow[];
  /** Why /proc/net had to do, where it had: then backlogs and Unix queues are null. */
  readonly fallback: NetError | null;
}

/**
 * Reads the sockets of this network namespace. 20,000 of them take about 0.2 s.
 *
 * @param info with TCP_INFO
 * @param ask asks the kernel; only tests give another
 * @throws {NetError} kind "unavailable" where neither source may be read
 */
export function readSockets(
  kinds: ReadonlySet<SocketKind>,
  info: boolean,
  ask: AskSockets = askSockets,
): SocketReading {
  const rows: SocketRow[] = [];
  let fallback: NetError | null = null;
  const interfaceName = lazyInterfaceNames();
  for (const kind of kinds) {
    let found: readonly SocketRow[];
    try {
      found = kind === "unix"
        ? unixSocketRows(unixDump(ask))
        : inetDump(kind, info, ask).map((row) => inetSocketRow(row, interfaceName));
    } catch (thrown) {
      if (!(thrown instanceof NetError)) throw thrown;
      found = fromProc(kind, thrown);
      fallback = thrown;
    }
    for (const row of found) rows.push(row);
  }
  return { rows, fallback };
}

function inetDump(protocol: "tcp" | "udp", info: boolean, ask: AskSockets): InetDiagRow[] {
  return (["inet", "inet6"] as const).flatMap((family) => {
    const request = encodeInetDump({ protocol, family, info });
    return accepted(decodeInetDiag(protocol, ask(request), true));
  });
}

function unixDump(ask: AskSockets): UnixDiagRow[] {
  return accepted(decodeUnixDiag(ask(encodeUnixDump())));
}

/** A dump is refused by a kernel that was built without its part (CONFIG_INET_UDP_DIAG and so on). */
function accepted<Row>(answer: Row[] | number): Row[] {
  if (typeof answer !== "number") return answer;
  const code = errnoName(answer);
  const message = "the kernel does not tell its sockets";
  throw new NetError({ kind: "unavailable", op: "sock_diag", message, code });
}

/**
 * Looks at one TCP connection again; costs microseconds, whatever the number of others.
 *
 * @returns null where it is gone, "unknown" where the kernel cannot be asked for one
 */
export function readConnection(row: InetDiagRow, info: boolean): SocketRow | null | "unknown" {
  const { family } = row;
  const request = encodeInetQuestion({ protocol: "tcp", family, info }, row);
  if (request === null || row.protocol !== "tcp") return "unknown";
  let answer: InetDiagRow[] | number;
  try {
    answer = decodeInetDiag("tcp", askSockets(request), false);
  } catch (thrown) {
    if (thrown instanceof NetError) return "unknown";
    throw thrown;
  }
  if (typeof answer === "number") return errnoName(answer) === "ENOENT" ? null : "unknown";
  // Where the connection has gone, the kernel answers with the listener that it belonged to.
  const found = answer.find(({ local, remote }) =>
    local.port === row.local.port && remote.port === row.remote.port &&
    local.host === row.local.host && remote.host === row.remote.host
  );
  return found === undefined ? null : inetSocketRow(found, lazyInterfaceNames());
}

function fromProc(kind: SocketKind, reason: NetError): readonly SocketRow[] {
  const unix = kind === "unix" ? readNetTable("unix") : null;
  if (unix !== null) return unixSocketRows(parseUnixSockets(unix).map(unixDiagRow)).map(noQueues);
  const tables = kind === "unix" ? [] : [readNetTable(kind), readNetTable(`${kind}6`)];
  // Without IPv6 one of the two is missing; without both, nothing at all can be told.
  if (tables.every((table) => table === null)) throw reason;
  const protocol = kind === "udp" ? "udp" : "tcp";
  return tables.flatMap((text) => parseInetSockets(protocol, text ?? ""))
    .map((row) => inetSocketRow(inetDiagRow(row), () => undefined))
    .map((row) => row.state === "LISTEN" ? { ...row, sendQueue: null } : row);
}

function inetDiagRow(row: InetSocketRow): InetDiagRow {
  return { ...row, interfaceIndex: 0, ipv6Only: false, info: null, congestion: null };
}

const unixStates: Readonly<Record<UnixSocketRow["state"], TcpState>> = {
  listening: "LISTEN",
  unconnected: "CLOSED",
  connecting: "SYN-SENT",
  connected: "ESTABLISHED",
  disconnecting: "CLOSING",
};

function unixDiagRow({ type, state, inode, path }: UnixSocketRow): UnixDiagRow {
  const queues = { receiveQueue: 0, sendQueue: 0 };
  return { type, state: unixStates[state], path, inode, peerInode: 0, ...queues, uid: null };
}

function noQueues(row: SocketRow): SocketRow {
  return { ...row, receiveQueue: null, sendQueue: null };
}

/** Looked up when the first socket is bound to one: most machines have none. */
function lazyInterfaceNames(): InterfaceNames {
  let names: ReadonlyMap<number, string> | undefined;
  return (index) => {
    names ??= new Map(systemInterfaces().map((found) => [found.index, found.name]));
    return names.get(index);
  };
}
