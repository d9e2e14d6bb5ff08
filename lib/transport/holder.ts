/**
 * Who holds a port that cannot be bound: `held by nginx[812]`, `3 in TIME_WAIT`.
 * @module
 */

import { NetError, quote, toNetError } from "../core/error.ts";
import { ownersOf } from "../sys/owner.ts";
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
  const hint = error.kind === "in-use" ? holderOf(wanted) : null;
  if (hint === null) return error;
  return new NetError({
    kind: error.kind,
    op: error.op,
    address: text,
    message: error.reason,
    ...(error.code === undefined ? {} : { code: error.code }),
    hint,
    cause: error.cause,
  });
}

/** Says in words who is in the way, or null where that cannot be known. */
export function holderOf(wanted: WantedEnd): string | null {
  const tables = [wanted.scheme, `${wanted.scheme}6`] as const;
  const rows = tables
    .flatMap((table) => parseInetSockets(wanted.scheme, readNetTable(table) ?? ""))
    .filter((row) => overlaps(row, wanted));
  // A listener is what is in the way even where its own connections are there too.
  const listening = rows.filter(({ state, protocol }) => protocol === "udp" || state === "LISTEN");
  const open = listening.length > 0 ? listening : rows.filter(({ inode }) => inode !== 0);
  const owners = ownersOf(new Set(open.map(({ inode }) => inode)));
  const names = new Set(
    [...owners.values()].map(({ process, pid }) => `${quote(process)}[${pid}]`),
  );
  if (names.size > 0) return `held by ${[...names].join(", ")}`;
  const waiting = rows.filter(({ state }) => state === "TIME-WAIT").length;
  if (open.length === 0 && waiting > 0) return `${waiting} in TIME_WAIT`;
  return open[0] === undefined ? null : `held by a process of user id ${open[0].uid}`;
}

function overlaps({ local }: InetSocketRow, { host, port }: WantedEnd): boolean {
  if (local.port !== port) return false;
  const any = ["", "0.0.0.0", "::"];
  return any.includes(host) || any.includes(local.host) ||
    unmapHost(local.host) === unmapHost(host);
}
