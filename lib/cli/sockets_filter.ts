/**
 * Which sockets are wanted: flags -> filter, and what passes it. Pure but for `selectSockets`,
 * which asks who holds them.
 * @module
 */

import { NetError } from "../core/error.ts";
import { holdersOf, type SocketOwner } from "../sys/owner.ts";
import type { Flags } from "./flag.ts";
import type { SocketKind } from "./sockets_read.ts";
import { type SocketRow, sortedSockets } from "./sockets_row.ts";
import { readSocketState, type SocketState } from "./sockets_state.ts";

/** What the flags ask for; everything that is given must hold. */
export interface SocketFilter {
  readonly kinds: ReadonlySet<SocketKind>;
  /** As `ss -l`: what waits for peers, which is LISTEN, and UNCONN of datagrams. */
  readonly listening: boolean;
  /** At either end. */
  readonly port: number | undefined;
  /** Any of these; empty for all. */
  readonly states: ReadonlySet<SocketState>;
  readonly pid: number | undefined;
  readonly process: string | undefined;
}

/** A socket with the processes that hold it; the first one is what the filter asked for. */
export interface HeldSocket extends SocketRow {
  readonly holders: readonly SocketOwner[];
}

/** Reads the flags. @throws {NetError} kind "usage": a state that there is not */
export function readSocketFilter(flags: Flags): SocketFilter {
  const wanted = (["tcp", "udp", "unix"] as const).filter((kind) => flags.flag(kind));
  return {
    kinds: new Set(wanted.length === 0 ? ["tcp", "udp", "unix"] : wanted),
    listening: flags.flag("listening") === true,
    port: flags.number("port"),
    states: new Set(flags.list("state").map(readSocketState)),
    pid: flags.number("pid"),
    process: flags.text("process"),
  };
}

/** Keeps what can be told without looking at processes. */
export function passesFilter(row: SocketRow, filter: SocketFilter): boolean {
  const { listening, port, states } = filter;
  if (listening && row.state !== "LISTEN" && row.state !== "UNCONN") return false;
  if (states.size > 0 && !states.has(row.state)) return false;
  return port === undefined || row.inet?.local.port === port || row.inet?.remote.port === port;
}

/** Longest name of a process that the kernel keeps, in bytes (TASK_COMM_LEN less its NUL). */
const processNameBytes = 15;

/** True for the process that a filter asks for. */
export function isWantedHolder(owner: SocketOwner, filter: SocketFilter): boolean {
  const { pid, process } = filter;
  if (pid !== undefined && owner.pid !== pid) return false;
  if (process === undefined || owner.process === process) return true;
  const bytes = new TextEncoder().encode(process);
  if (bytes.length <= processNameBytes) return false;
  return owner.process === new TextDecoder().decode(bytes.subarray(0, processNameBytes));
}

/**
 * The sockets that pass, sorted.
 *
 * @param withHolders false leaves out the look at every process's descriptors, which is the
 * larger part of the time, unless the filter needs it
 */
export function selectSockets(
  rows: readonly SocketRow[],
  filter: SocketFilter,
  withHolders: boolean,
): HeldSocket[] {
  const passing = sortedSockets(rows.filter((row) => passesFilter(row, filter)));
  const byHolder = filter.pid !== undefined || filter.process !== undefined;
  if (!withHolders && !byHolder) return passing.map((row) => ({ ...row, holders: [] }));
  const holders = holdersOf(
    new Set(passing.map(({ inode }) => inode).filter((inode) => inode > 0)),
  );
  const held = passing.map((row) => ({ ...row, holders: holders.get(row.inode) ?? [] }));
  if (!byHolder) return held;
  return held.flatMap((row) => {
    const wanted = row.holders.find((owner) => isWantedHolder(owner, filter));
    if (wanted === undefined) return [];
    return [{ ...row, holders: [wanted, ...row.holders.filter((owner) => owner !== wanted)] }];
  });
}

/** The failure of finding nothing: exit status 6. */
export function nothingMatches(hint?: string): NetError {
  const message = "no socket matches";
  return new NetError({ kind: "result", op: "sockets", message, ...(hint && { hint }) });
}
