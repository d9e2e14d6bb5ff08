/**
 * Sockets counted by state, with what each state means and where some pile up. Pure but for
 * `findPiles`, which asks the kernel for its bounds and for the holders of the few that count.
 * @module
 */

import { quote } from "../core/error.ts";
import { systemNumber } from "../sys/limits.ts";
import { holdersOf, type SocketOwner } from "../sys/owner.ts";
import { readSystemText } from "../sys/procfs.ts";
import { type SocketProtocol, socketProtocols, type SocketRow } from "./sockets_row.ts";
import { adviceOn, type SocketState, socketStateNames, socketStates } from "./sockets_state.ts";
import { wrap } from "./text.ts";

/** How many sockets of a protocol are in a state. */
export interface StateCount {
  readonly protocol: SocketProtocol;
  readonly state: SocketState;
  readonly count: number;
  readonly meaning: string;
  /** What to do where they pile up; only for states that do. */
  readonly advice?: string;
  /** Where most of them are, with the bound that they are near to. */
  readonly pile?: string;
}

/** Counts; of TCP the states that pile up are there even at 0, with what would help. */
export function countStates(
  rows: readonly SocketRow[],
  piles: ReadonlyMap<SocketState, string>,
): StateCount[] {
  const counts = new Map<string, number>();
  for (const { protocol, state } of rows) {
    const key = `${protocol} ${state}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const hasTcp = rows.some(({ protocol }) => protocol === "tcp");
  return socketProtocols.flatMap((protocol) =>
    socketStateNames.flatMap((state) => {
      const count = counts.get(`${protocol} ${state}`) ?? 0;
      const advice = protocol === "tcp" && hasTcp ? adviceOn(state) : undefined;
      if (count === 0 && advice === undefined) return [];
      const pile = protocol === "tcp" ? piles.get(state) : undefined;
      const { meaning } = socketStates[state];
      return [{
        protocol,
        state,
        count,
        meaning,
        ...(advice && { advice }),
        ...(pile && { pile }),
      }];
    })
  );
}

/** The bounds that piles are held against; null where they may not be read. */
export interface PileBounds {
  /** Ports that an unbound connection may get (ip_local_port_range). */
  readonly ephemeralPorts: number | null;
  /** Half-open connections of one listener (tcp_max_syn_backlog). */
  readonly synBacklog: number | null;
}

/** Says where sockets pile up: at which peer, program or listener. */
export function describePiles(
  rows: readonly SocketRow[],
  bounds: PileBounds,
  holders: ReadonlyMap<number, readonly SocketOwner[]>,
): Map<SocketState, string> {
  const piles = new Map<SocketState, string>();
  const put = (state: SocketState, place: (row: SocketRow) => string | null, bound: string) => {
    const most = largestGroup(rows.filter((row) => row.state === state), place);
    if (most !== null) piles.set(state, `${most.count} ${most.place}${bound}`);
  };
  const of = (what: string, bound: number | null) => bound === null ? "" : `, of ${bound} ${what}`;
  // A pair of ports blocks a new connection only towards the same remote end (RFC 6191 section 2).
  put("TIME-WAIT", ({ remote }) => `towards ${remote}`, of("ports", bounds.ephemeralPorts));
  put("SYN-RECV", ({ local }) => `at ${local}`, of("that may be", bounds.synBacklog));
  put("CLOSE-WAIT", ({ inode }) => {
    const [owner] = holders.get(inode) ?? [];
    return owner === undefined ? null : `held by ${quote(owner.process)}[${owner.pid}]`;
  }, "");
  return piles;
}

function largestGroup(
  rows: readonly SocketRow[],
  place: (row: SocketRow) => string | null,
): { readonly place: string; readonly count: number } | null {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const at = place(row);
    if (at !== null) counts.set(at, (counts.get(at) ?? 0) + 1);
  }
  let most: { place: string; count: number } | null = null;
  for (const [at, count] of counts) {
    if (count > (most?.count ?? 0)) most = { place: at, count };
  }
  return most;
}

/** The same, of this machine. Only the holders of CLOSE-WAIT are looked up. */
export function findPiles(rows: readonly SocketRow[]): Map<SocketState, string> {
  const waiting = rows.filter(({ state }) => state === "CLOSE-WAIT").map(({ inode }) => inode);
  return describePiles(rows, {
    ephemeralPorts: ephemeralPorts(),
    synBacklog: systemNumber("net/ipv4/tcp_max_syn_backlog"),
  }, holdersOf(new Set(waiting)));
}

function ephemeralPorts(): number | null {
  const text = readSystemText("/proc/sys/net/ipv4/ip_local_port_range");
  const [first, last] = text?.trim().split(/\s+/).map(Number) ?? [];
  return first === undefined || last === undefined ? null : last - first + 1;
}

/** The counts as lines, at most `width` columns wide as far as words allow. */
export function summaryText(counts: readonly StateCount[], width: number): string {
  const wide = Math.max(...counts.map(({ count }) => String(count).length));
  const indent = 12 + 12 + wide + 2;
  return counts.flatMap(({ protocol, state, count, meaning, advice, pile }) => {
    const [first = "", ...more] = wrap(meaning, width, indent);
    const head = protocol.padEnd(12) + state.padEnd(12) + String(count).padStart(wide) + "  ";
    return [
      head + first.trimStart(),
      ...more,
      ...(pile === undefined ? [] : wrap(`most: ${pile}`, width, indent)),
      ...(advice === undefined ? [] : wrap(`piling up: ${advice}`, width, indent)),
    ];
  }).join("\n");
}
