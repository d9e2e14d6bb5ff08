/**
 * `plumb sockets`: this machine's sockets, as ss(8) shows them, with what their states mean.
 * @module
 */

import { type Context, deriveContext } from "../../core/context.ts";
import { NetError } from "../../core/error.ts";
import { isSuperuser } from "../../sys/owner.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { usage } from "../normalise.ts";
import type { Plan } from "../plan.ts";
import { endOnSignal } from "../signals.ts";
import {
  nothingMatches,
  readSocketFilter,
  selectSockets,
  type SocketFilter,
} from "../sockets_filter.ts";
import { type NameEnd, namesOf, numericEnd } from "../sockets_names.ts";
import { readSockets } from "../sockets_read.ts";
import type { SocketRow } from "../sockets_row.ts";
import { countStates, findPiles, summaryText } from "../sockets_summary.ts";
import { ownerHint, socketFields, socketsText } from "../sockets_text.ts";
import { watchConnection } from "../sockets_watch.ts";
import { pageWidth } from "../text.ts";

/** @throws {NetError} kind "usage": a state that there is not, flags that exclude each other */
export function plan(invocation: Invocation): Plan {
  const { flags } = invocation;
  readSocketFilter(flags);
  if (flags.flag("summary")) {
    const other = ["watch", "info", "names"].find((name) => flags.flag(name));
    if (other !== undefined) throw usage("sockets", `--summary and --${other} exclude each other`);
  }
  return invocation.plan();
}

/** @throws {NetError} kind "result" where nothing matches */
export async function run(_plan: Plan, session: CommandContext): Promise<number> {
  const { flags, host, context } = session;
  const filter = readSocketFilter(flags);
  using signals = endOnSignal(host, context);
  if (flags.flag("watch")) await watchConnection(filter, session, signals.context);
  else await list(filter, session, signals.context);
  return 0;
}

async function list(
  filter: SocketFilter,
  session: CommandContext,
  context: Context,
): Promise<void> {
  const { flags, output } = session;
  const info = flags.flag("info") === true;
  const summary = flags.flag("summary") === true;
  const reading = readSockets(filter.kinds, info);
  const rows = selectSockets(reading.rows, filter, !summary);
  if (reading.fallback !== null) sayFallback(reading.fallback, session);
  if (rows.length === 0) throw nothingMatches();
  if (summary) return await printSummary(rows, session);
  const wantsNames = flags.flag("names") === true;
  const nameEnd = wantsNames ? await boundedNames(rows, session, context) : numericEnd;
  if (output.json) {
    for (const row of rows) {
      await output.object("socket", socketFields(row, wantsNames ? nameEnd : null, info));
    }
    return;
  }
  await output.text(socketsText(rows, nameEnd, info, widthOf(session)));
  const hint = ownerHint(rows, isSuperuser());
  if (hint !== null && !flags.flag("silent")) session.errors.line(hint);
}

async function printSummary(rows: readonly SocketRow[], session: CommandContext): Promise<void> {
  const { output } = session;
  const counts = countStates(rows, findPiles(rows));
  if (!output.json) return await output.text(summaryText(counts, widthOf(session)));
  for (const count of counts) await output.object("count", { ...count });
}

/** Said even though the report is whole: what it cannot tell looks like an empty queue else. */
function sayFallback(reason: NetError, { errors, output }: CommandContext): void {
  const message = `read from /proc/net (${reason.message}): backlogs and Unix queues are unknown`;
  if (output.json) errors.object("fallback", { message });
  else errors.line(message);
}

/** Names under `--timeout`; without them in time, the addresses are shown as they are. */
async function boundedNames(
  rows: readonly SocketRow[],
  { flags, errors, output }: CommandContext,
  context: Context,
): Promise<NameEnd> {
  using child = deriveContext(context);
  const limitMs = flags.number("timeout") ?? namesMs;
  const late = new NetError({ kind: "timeout", op: "sockets", message: "names came too late" });
  const timer = context.clock.timer(limitMs, () => child.abort(late));
  try {
    return await namesOf(rows, child.context);
  } catch (thrown) {
    if (thrown !== late) throw thrown;
    const message = `not every name was found within ${limitMs} ms; raise it with --timeout`;
    if (output.json) errors.object("timeout", { message });
    else errors.line(message);
    return numericEnd;
  } finally {
    timer.cancel();
  }
}

/** A person waits for the list; names are only dressing. */
const namesMs = 5_000;

function widthOf({ host }: CommandContext): number {
  return pageWidth(host.stdio.outputIsTerminal ? host.terminalSize()?.columns : 100);
}
