/**
 * A running server x an address -> another server, that tells of the first.
 * @module
 */

import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import type { Listener } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { Log } from "../core/log.ts";
import type { ServerFigures } from "../service/stats_figures.ts";
import { openPassive } from "../transport/open.ts";
import { addressFor, type CallOptions, contextOf, portsOf } from "./endpoint.ts";
import { refuseExposure } from "./exposure.ts";
import { sayListening } from "./listening_line.ts";
import { machineFigures } from "./machine_figures.ts";
import { figuresKey, setOrigin } from "./passive.ts";
import { looped, RunningServer } from "./running.ts";

/** How `serveStats` behaves. */
export interface StatsOptions extends CallOptions {
  /** Allows an address that other machines can reach: nothing asks who it is that looks. */
  readonly public?: boolean;
}

/** Who looks at figures is few, and must not take the place of clients. */
const maximumSessions = 64;

/**
 * Serves `/metrics`, `/healthz` and `/` about a server, at an address of its own. It lives until it
 * is disposed: through the drain of the server too, which `/healthz` tells of.
 *
 * @example
 * ```ts
 * import { serve, serveStats } from "@plumb/plumb";
 *
 * await using server = await serve("echo", "tcp://127.0.0.1:0");
 * await using stats = await serveStats("tcp://127.0.0.1:0", server);
 * console.log(stats.addresses[0]?.text); // GET /metrics there
 * ```
 *
 * @throws {AddressError} for an address that cannot be
 * @throws {NetError} kind "exposure", "usage" for what carries no HTTP; what listening says
 */
export async function serveStats(
  address: string | Address,
  server: RunningServer,
  options: StatsOptions = {},
): Promise<RunningServer> {
  const target = addressFor(address, "passive");
  refuseStats(target, options.public ?? false);
  const context = contextOf(options);
  // Loaded here: most servers have no use for the packages. Before listening: nothing can fail then.
  const { openStats } = await import("../service/stats.ts");
  const listeners = await openQuietly(target, context, options);
  for (const listener of listeners) {
    const { local } = listener;
    setOrigin(listener, figuresKey(target));
    // As every listener; that it is not the server's own is a line of its own.
    sayListening(context.log, local);
    context.log.write("notice", "stats", `stats on ${local.text}`, { address: local.text });
  }
  const quiet = { ...context, log: onlyTrouble(context.log) };
  const source = {
    server: () => figuresOf(server),
    machine: () => machineFigures(server.addresses),
  };
  let lastId = 0;
  const policy = { maximumSessions, nextId: () => ++lastId };
  const opened = openStats(source, quiet);
  const close = async () => await opened[Symbol.asyncDispose]();
  return new RunningServer(listeners, looped(opened.handle), policy, quiet, close);
}

/**
 * Refuses an address of figures, before anything is opened.
 *
 * @throws {NetError} kind "exposure"; "usage" for what carries no HTTP
 */
export function refuseStats(address: Address, isPublic: boolean): void {
  refuseOneWay(address, "--stats");
  refuseExposure(address, "--stats", isPublic);
}

/** Schemes of listeners whose sessions are streams both ways. */
const twoWay: ReadonlySet<string> = new Set(["tcp", "unix", "fd", "memory"]);

/**
 * Refuses an address that cannot carry HTTP, before anything is opened.
 *
 * @param flag what asked for it, for the line
 * @throws {NetError} kind "usage"
 */
export function refuseOneWay({ scheme }: Address, flag: string): void {
  if (twoWay.has(scheme)) return;
  const message = `${flag} is HTTP, which ${scheme} does not carry`;
  const hint = "listen on tcp:// or unix:";
  throw new NetError({ kind: "usage", op: "listen", message, hint });
}

/** Opens the listeners of an HTTP endpoint beside the real work. @throws what listening says */
export async function openQuietly(
  target: Address,
  context: Context,
  options: CallOptions,
): Promise<readonly Listener[]> {
  const opened = await openPassive(target, context, portsOf(options));
  return opened.flatMap((one) => one.kind === "listener" ? one.listener : []);
}

function figuresOf(server: RunningServer): ServerFigures {
  const { gate, figures } = server;
  return {
    tally: server.tally(),
    open: server.open,
    bound: gate.bound,
    isDraining: gate.closing.aborted,
    refusals: gate.refusals,
    endings: gate.endings,
    ...(figures === undefined ? {} : { workers: figures }),
  };
}

/** Lines of those who look at figures would stand between the lines of clients. */
export function onlyTrouble(log: Log): Log {
  return {
    write: (level, event, text, fields) => {
      if (level === "error" || level === "warning") log.write(level, event, text, fields);
    },
    enabled: (level) => (level === "error" || level === "warning") && log.enabled(level),
  };
}
