/**
 * What commands that serve many have in common, from the flags of accepting to the exit status:
 * takeover, reload, drain, live tally, the last line.
 * @module
 */

import type { RunningServer } from "../api/running.ts";
import { Connections } from "../api/connections.ts";
import type { CallOptions } from "../api/endpoint.ts";
import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import { toNetError } from "../core/error.ts";
import type { ServerTally } from "../core/tally.ts";
import type { AcceptPolicy } from "../service/policy.ts";
import { descriptorLimits } from "../sys/limits.ts";
import { acceptPolicyOf } from "./accept_policy.ts";
import type { AccessInForce } from "./access.ts";
import type { CommandContext, Invocation } from "./command.ts";
import { statusOfServer } from "./exit.ts";
import { sayLiveTally } from "./live_tally.ts";
import type { Flags } from "./flag.ts";
import { usage } from "./normalise.ts";
import { reapOrphans } from "./orphans.ts";
import { serverFields, serverLine } from "./report.ts";
import { retryConnections } from "./retrying.ts";
import type { ServiceManager } from "./service_manager.ts";
import { type Activity, collectAtRest } from "./rest.ts";
import { drainOnSignal } from "./signals.ts";
import { checkStats, observe } from "./stats.ts";
import { Succession } from "./succession.ts";

/** What a server is started with, besides its addresses. */
export type ServerSetup = AcceptPolicy & Pick<CallOptions, "handed" | "connections">;

/**
 * Looks at the flags of accepting without opening anything: what is wrong with them is told before.
 *
 * @throws {NetError} kind "usage"
 */
export async function checkServerFlags({ row, flags }: Invocation): Promise<void> {
  acceptPolicyOf(flags, row.name);
  checkStats(flags);
  if (hasAccessList(flags)) (await import("./access.ts")).accessWordsOf(flags);
}

/** Listening sockets of streams: what one process can leave to the next. */
const handable: ReadonlySet<string> = new Set(["tcp", "unix"]);

/**
 * Refuses a takeover of what cannot be handed over.
 *
 * @throws {NetError} kind "usage"
 */
export function checkTakeover(
  flags: Flags,
  passive: readonly Address[],
  isPaired = false,
): void {
  if (flags.text("takeover") === undefined) return;
  const other = passive.find(({ scheme }) => !handable.has(scheme));
  if (other !== undefined) {
    throw usage("takeover", `${other.scheme} cannot be taken over`, "only tcp and unix can");
  }
  if (isPaired) throw usage("takeover", "of two ends that listen, only one could be taken over");
}

/**
 * Runs a server until it ends or a signal ends it (rule 8 of the contract).
 *
 * @throws {NetError} what `start` throws; a broken access list, a pid file or a place that is taken
 */
export async function manySessions(
  session: CommandContext,
  start: (context: Context, setup: ServerSetup) => Promise<RunningServer>,
): Promise<number> {
  const { host, flags, context } = session;
  const access = await openAccess(session);
  using manager = await openManager(session);
  const connections = new Connections();
  const reload = async () => {
    manager?.reloading();
    if (!connections.isEmpty) retryConnections(connections, context);
    if (connections.isEmpty || access !== null) await reloadAccess(context, access);
    manager?.reloaded();
  };
  using signals = drainOnSignal(host, context, { reload: () => void reload() });
  using _orphans = reapOrphans(host, context);
  await using succession = await Succession.begin(flags, host, signals.context);
  const server = await start(signals.context, {
    ...acceptPolicyOf(flags, session.row.name),
    ...descriptorsOf(context),
    ...(access === null ? {} : { access: access.objection }),
    ...(succession.handed === undefined ? {} : { handed: succession.handed }),
    connections,
    drain: signals.drain,
  });
  const stopping = () => manager?.stopping();
  server.gate.draining.addEventListener("abort", stopping, { once: true });
  try {
    await using observed = await observe(server, session, context, succession.handedFigures);
    await succession.listening(server, observed, manager);
    using _tally = sayLiveTally(session, () => ({ ...liveTotals(server), connections }));
    using _rest = collectAtRest(context, () => activityOf(server));
    manager?.ready();
    const tally = await server.done;
    context.log.write("info", "tally", serverLine(tally), serverFields(tally));
    return statusOfServer(tally, signals.received(), signals.forced());
  } finally {
    server.gate.draining.removeEventListener("abort", stopping);
    await server[Symbol.asyncDispose]();
  }
}

function hasAccessList(flags: CommandContext["flags"]): boolean {
  return flags.list("allow").length > 0 || flags.list("deny").length > 0;
}

async function openAccess(session: CommandContext): Promise<AccessInForce | null> {
  const { flags, host, context } = session;
  if (!hasAccessList(flags)) return null;
  const { AccessInForce, accessWordsOf } = await import("./access.ts");
  return await AccessInForce.open(accessWordsOf(flags), host, context.limits);
}

async function openManager({ host, context }: CommandContext): Promise<ServiceManager | null> {
  if (host.environment("NOTIFY_SOCKET") === undefined) return null;
  return (await import("./service_manager.ts")).ServiceManager.of(host, context);
}

/** SIGHUP: a list that is broken keeps the one in force, and is said. Sessions are not touched. */
async function reloadAccess(
  { log }: Context,
  access: AccessInForce | null,
): Promise<void> {
  try {
    await access?.reload();
    log.write("notice", "reload", access === null ? "nothing to reload" : "access list reloaded");
  } catch (thrown) {
    const { message } = toNetError(thrown, "reload");
    log.write("error", "reload", `reload: ${message}; the access list stays as it was`, {
      message,
    });
  }
}

function activityOf(server: RunningServer): Activity {
  const { aToB, bToA } = liveTotals(server);
  return { open: server.open, opened: server.tally().accepted, bytes: aToB.bytes + bToA.bytes };
}

/** The runtime raises its own soft limit to the hard one when it starts. */
function descriptorsOf({ log }: Context): Pick<AcceptPolicy, "descriptors"> {
  const limits = descriptorLimits();
  if (limits === null || limits.soft === Infinity) return {};
  const { soft, hard } = limits;
  const text = soft === hard
    ? `descriptor limit ${soft}: raised as far as the hard limit allows`
    : `descriptor limit ${soft}, hard limit ${hard}`;
  log.write("info", "descriptors", text, { soft, hard });
  return { descriptors: soft };
}

function liveTotals(server: RunningServer) {
  const { bytesIn, bytesOut, accepted, refused, ended, cut, failed }: ServerTally = server.tally();
  return {
    counts: { accepted, refused, ended, cut, failed },
    aToB: { bytes: bytesIn, writes: accepted },
    bToA: { bytes: bytesOut, writes: accepted },
    peer: "a" as const,
    sessions: server.open,
    ...(server.figures && { workers: server.figures }),
  };
}
