/**
 * One connection through its states, until it is gone: `plumb sockets --watch`.
 *
 * The kernel announces no changes of state, so that it is asked again and again: for a TCP
 * connection alone, which costs microseconds, every 20 ms. A state that lasts less may be missed.
 * @module
 */

import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { escapeControls } from "../core/error.ts";
import type { CommandContext } from "./command.ts";
import { timestamp } from "./ndjson.ts";
import {
  type HeldSocket,
  nothingMatches,
  selectSockets,
  type SocketFilter,
} from "./sockets_filter.ts";
import { socketWords } from "./sockets_info.ts";
import { readConnection, readSockets } from "./sockets_read.ts";
import type { SocketRow } from "./sockets_row.ts";
import { type SocketState, socketStates } from "./sockets_state.ts";
import { ownerText, socketFields } from "./sockets_text.ts";

/** Between two looks at one TCP connection. */
const connectionMs = 20;
/** Between two looks at a whole table. */
const tableMs = 100;

/**
 * The connection to follow: open rather than waiting for peers, alive rather than over, and with
 * the port on its own side rather than the peer's (on loopback both ends of a connection are here).
 *
 * @returns null where there is none yet: beside a listener, what is over is not worth following
 */
export function chooseConnection(
  rows: readonly HeldSocket[],
  filter: SocketFilter,
): HeldSocket | null {
  const open = rows.filter((row) => filter.listening || row.state !== "LISTEN");
  const alive = open.filter((row) => row.state !== "TIME-WAIT");
  const asked = open.length === rows.length || filter.states.has("TIME-WAIT");
  const wanted = alive.length > 0 || !asked ? alive : open;
  const own = wanted.filter((row) => row.inet?.local.port === filter.port);
  return own[0] ?? wanted[0] ?? null;
}

/**
 * True where `now` is the same connection as `before`, at a later time. Its ends alone do not tell:
 * after TIME-WAIT another one may have the same. Its inode does, but is 0 before accept(2) and
 * after close(2).
 */
export function isSameConnection(before: SocketRow, now: SocketRow): boolean {
  if (before.protocol !== now.protocol) return false;
  if (before.inet === null) return before.inode === now.inode;
  if (before.local !== now.local || before.remote !== now.remote) return false;
  if (before.state === "TIME-WAIT") return now.state === "TIME-WAIT";
  return before.inode === 0 || now.inode === 0 || before.inode === now.inode;
}

/**
 * Follows one of the sockets that pass the filter, printing each state as it comes. Waits for a
 * first one while only a listener is there, or as long as `--timeout` says.
 *
 * @throws {NetError} kind "result" where nothing matches
 */
export async function watchConnection(
  filter: SocketFilter,
  session: CommandContext,
  context: Context,
): Promise<void> {
  const { clock } = context;
  const first = await firstConnection(filter, session, context);
  const report = new WatchReport(session, first, clock.now());
  let current: SocketRow = first;
  await report.state(current, clock.now());
  for (;;) {
    const inet = current.inet;
    const looksAlone = inet !== null && inet.protocol === "tcp" && current.state !== "LISTEN";
    await sleep(clock, looksAlone ? connectionMs : tableMs, context.signal);
    const now = lookAgain(current, report.info);
    if (now === null || !isSameConnection(current, now)) break;
    if (now.state !== current.state) await report.state(now, clock.now());
    // The inode of an orphan is 0; the last one that is known tells it from a successor.
    current = now.inode === 0 && now.inet !== null ? { ...now, inode: current.inode } : now;
  }
  await report.gone(clock.now());
}

async function firstConnection(
  filter: SocketFilter,
  session: CommandContext,
  context: Context,
): Promise<HeldSocket> {
  const { clock } = context;
  const limitMs = session.flags.number("timeout");
  const endMs = clock.now() + (limitMs ?? Infinity);
  let said = false;
  for (;;) {
    const info = session.flags.flag("info") === true;
    const rows = selectSockets(readSockets(filter.kinds, info).rows, filter, true);
    const found = chooseConnection(rows, filter);
    if (found !== null) return found;
    // A listener alone is worth waiting at without being told to.
    const waits = limitMs === undefined ? rows.length > 0 : clock.now() < endMs;
    if (!waits) {
      throw nothingMatches(limitMs === undefined ? "--timeout D waits for one" : undefined);
    }
    if (!said && !session.flags.flag("json") && !session.flags.flag("silent")) {
      session.errors.line("waiting for a connection");
    }
    said = true;
    await sleep(clock, tableMs, context.signal);
  }
}

function lookAgain(row: SocketRow, info: boolean): SocketRow | null {
  if (row.inet !== null && row.state !== "LISTEN") {
    const found = readConnection(row.inet, info);
    if (found !== "unknown") return found;
  }
  const kind = row.inet?.protocol ?? "unix";
  const { rows } = readSockets(new Set([kind]), info);
  return rows.find((now) => isSameConnection(row, now)) ?? null;
}

/** What is said while it goes on. */
class WatchReport {
  readonly info: boolean;
  readonly #session: CommandContext;
  readonly #first: HeldSocket;
  readonly #startMs: number;
  #isFirst = true;

  constructor(session: CommandContext, first: HeldSocket, startMs: number) {
    this.#session = session;
    this.#first = first;
    this.#startMs = startMs;
    this.info = session.flags.flag("info") === true;
  }

  async state(row: SocketRow, nowMs: number): Promise<void> {
    const { output } = this.#session;
    // Who holds it is looked up once: after close(2) nobody does, and it is still theirs.
    const held = { ...row, holders: this.#first.holders };
    if (output.json) {
      return await output.object("state", {
        ...this.#times(nowMs),
        ...socketFields(held, null, this.info),
        meaning: socketStates[row.state].meaning,
      });
    }
    const first = this.#isFirst ? [`${row.protocol} ${row.local} -> ${row.remote}`] : [];
    const lines = [
      ...first.map((line) => escapeControls(`${line}  ${ownerText(held)}`)),
      this.#line(nowMs, row.state, socketStates[row.state].meaning),
      ...(this.info ? socketWords(row).map((words) => `${" ".repeat(24)}${words}`) : []),
    ];
    this.#isFirst = false;
    await output.text(lines.join("\n"));
  }

  async gone(nowMs: number): Promise<void> {
    const { output } = this.#session;
    if (output.json) await output.object("gone", this.#times(nowMs));
    else await output.text(this.#line(nowMs, "gone", ""));
  }

  #times(nowMs: number): { readonly time: string; readonly afterMs: number } {
    const { clock } = this.#session.context;
    return { time: timestamp(clock.wall()), afterMs: Math.round(nowMs - this.#startMs) };
  }

  #line(nowMs: number, state: SocketState | "gone", meaning: string): string {
    const after = `+${((nowMs - this.#startMs) / 1000).toFixed(2)} s`;
    return `${after.padStart(10)}  ${state.padEnd(10)}  ${meaning}`.trimEnd();
  }
}
