/**
 * What commands that serve many have in common: drain, live tally, the last line, exit status.
 * @module
 */

import type { RunningServer } from "../api/running.ts";
import type { Context } from "../core/context.ts";
import type { ServerTally } from "../core/tally.ts";
import type { AcceptPolicy } from "../service/policy.ts";
import type { CommandContext } from "./command.ts";
import { statusOfServer } from "./exit.ts";
import { sayLiveTally } from "./live_tally.ts";
import { serverFields, serverLine } from "./report.ts";
import { drainOnSignal } from "./signals.ts";

/**
 * Runs a server until it ends or a signal ends it (rule 8 of the contract).
 *
 * @throws {NetError} what `start` throws
 */
export async function manySessions(
  session: CommandContext,
  start: (context: Context, policy: AcceptPolicy) => Promise<RunningServer>,
): Promise<number> {
  const { host, flags, context } = session;
  using signals = drainOnSignal(host, context);
  const drainMs = flags.number("drain");
  const policy = { drain: signals.drain, ...(drainMs === undefined ? {} : { drainMs }) };
  const server = await start(signals.context, policy);
  using _tally = sayLiveTally(session, () => liveTotals(server));
  const tally = await server.done;
  context.log.write("info", "tally", serverLine(tally), serverFields(tally));
  return statusOfServer(tally, signals.received(), signals.forced());
}

function liveTotals(server: RunningServer) {
  const { bytesIn, bytesOut, accepted }: ServerTally = server.tally();
  return {
    aToB: { bytes: bytesIn, writes: accepted },
    bToA: { bytes: bytesOut, writes: accepted },
    sessions: server.open,
  };
}
