/**
 * Who holds a port that cannot be bound: `held by nginx[812]`, `3 in TIME_WAIT`.
 * @module
 */

import { NetError, quote, toNetError } from "../core/error.ts";
import { ownersOf, type SocketOwner } from "../sys/owner.ts";
import { readNetTable } from "../sys/procnet.ts";
import { type InetSocketRow, parseInetSockets } from "../wire/procnet.ts";
import { hostPort, unmapHost } from "./peer.ts";

/** What a listener could not be bound to. */
export interface WantedEnd {
  readonly scheme: "tcp" | "udp";
  /** Numeric; "" for any. */
  readonly host: string;
  readonly port: number;
}

/**
 * The error of a bind that failed; for a port in use its hint names the holder where the kernel
 * tells: a process of another user stays unknown without root.
 */
export function bindError(wanted: WantedEnd, thrown: unknown): NetError {
  const text = `${wanted.scheme}://${hostPort(wanted.host, wanted.port)}`;
  const error = toNetError(thrown, "listen", text);
  if (error.code === "EINVAL") return unboundError(text, thrown);
  const hint = error.kind === "in-use" ? holderOf(wanted) : null;
  // A socket of our own names the system call: what was asked for is listening, on either kind.
  const op = error.op === "bind" ? "listen" : error.op;
  if (hint === null && op === error.op) return error;
  return new NetError({
    kind: error.kind,
    op,
    address: text,
    message: error.reason,
    ...(error.code === undefined ? {} : { code: error.code }),
    ...(hint === null ? {} : { hint }),
    cause: error.cause,
  });
}

/** What bind(2) says of an address that this kind of socket never has: a group, for TCP. */
function unboundError(address: string, cause: unknown): NetError {
  const message = "nothing can be bound to this address";
  return new NetError({
    kind: "unavailable",
    op: "listen",
    address,
    message,
    code: "EINVAL",
    cause,
  });
}

/** Says in words who is in the way, or null where that cannot be known. */
export function holderOf(wanted: WantedEnd): string | null {
  const tables = [wanted.scheme, `${wanted.scheme}6`] as const;
  const rows = tables.flatMap((table) => {
    return parseInetSockets(wanted.scheme, readNetTable(table) ?? "");
  });
  return holderAmong(rows, wanted, ownersOf);
}

/**
 * As `holderOf`, of sockets that are known.
 *
 * @param findOwners the processes that hold sockets, by inode
 */
export function holderAmong(
  rows: readonly InetSocketRow[],
  wanted: WantedEnd,
  findOwners: (inodes: ReadonlySet<number>) => ReadonlyMap<number, SocketOwner>,
): string | null {
  const near = rows.filter((row) => overlaps(row, wanted));
  // A listener is what is in the way even where its own connections are there too.
  const listening = near.filter(({ state, protocol }) => protocol === "udp" || state === "LISTEN");
  const held = listening.length > 0 ? listening : near.filter(({ inode }) => inode !== 0);
  const owners = findOwners(new Set(held.map(({ inode }) => inode)));
  const names = new Set(
    [...owners.values()].map(({ process, pid }) => `${quote(process)}[${pid}]`),
  );
  if (names.size > 0) return `held by ${[...names].join(", ")}`;
  if (held[0] !== undefined) return `held by a process of user id ${held[0].uid}`;
  const waiting = near.filter(({ state }) => state === "TIME-WAIT").length;
  return waiting > 0 ? `${waiting} in TIME_WAIT` : null;
}

function overlaps({ local }: InetSocketRow, { host, port }: WantedEnd): boolean {
  if (local.port !== port) return false;
  const any = ["", "0.0.0.0", "::"];
  return any.includes(host) || any.includes(local.host) ||
    unmapHost(local.host) === unmapHost(host);
}
