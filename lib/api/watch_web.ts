/**
 * A watch x an address -> a server that shows it.
 * @module
 */

import type { Address } from "../core/address.ts";
import type { Peer } from "../core/contract.ts";
import type { Watching } from "../link/watching.ts";
import { identity } from "../sys/identity.ts";
import { addressFor, type CallOptions, contextOf } from "./endpoint.ts";
import { refuseExposure } from "./exposure.ts";
import { sayListening } from "./listening_line.ts";
import { looped, RunningServer } from "./running.ts";
import { onlyTrouble, openQuietly, refuseOneWay } from "./stats.ts";

/** How `serveWatch` behaves. */
export interface ServeWatchOptions extends CallOptions {
  /** Allows an address that other machines can reach: nothing asks who it is that looks. */
  readonly public?: boolean;
  /**
   * Names under which it is asked for, without ports. Numeric addresses, `localhost`, the name in
   * the address and the machine's own are known; others are refused, against DNS rebinding.
   */
  readonly hosts?: readonly string[];
}

/** The server of a watch's page. */
export class WatchWeb implements AsyncDisposable {
  /** Where it listens, with the real ports. */
  readonly addresses: readonly Peer[];
  readonly #server: RunningServer;
  readonly #endStreams: () => Promise<void>;

  /** Use `serveWatch`. */
  constructor(server: RunningServer, endStreams: () => Promise<void>) {
    this.addresses = server.addresses;
    this.#server = server;
    this.#endStreams = endStreams;
  }

  /** Ends it at once; the streams first, which nothing else would end. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endStreams();
    await this.#server[Symbol.asyncDispose]();
  }
}

/** Besides viewers: those who read metrics, and health. */
const otherSessions = 64;

/**
 * Serves a live page about a watch, and its figures: `/`, `/events`, `/api/targets`, `/metrics`,
 * `/healthz`. It lives until it is disposed; the watch goes on without it.
 *
 * @throws {AddressError} for an address that cannot be
 * @throws {NetError} kind "exposure", "usage" for what carries no HTTP; what listening says
 *
 * @example
 * ```ts
 * import { serveWatch, watch } from "@plumb/plumb";
 *
 * await using watching = watch("tcp://127.0.0.1:9");
 * await using web = await serveWatch("tcp://127.0.0.1:0", watching);
 * console.log(`http://127.0.0.1:${web.addresses[0]?.port}/`);
 * ```
 */
export async function serveWatch(
  address: string | Address,
  watching: Watching,
  options: ServeWatchOptions = {},
): Promise<WatchWeb> {
  const target = addressFor(address, "passive");
  refuseWeb(target, options.public ?? false);
  const context = contextOf(options);
  // Loaded here: most programs have no use for the packages. Before listening: nothing can fail then.
  const { openWatchWeb } = await import("../service/watch_web.ts");
  const listeners = await openQuietly(target, context, options);
  for (const { local } of listeners) {
    // As every listener; what to open in a browser is a line of its own.
    sayListening(context.log, local);
    const text = local.port === undefined ? local.text : local.text.replace(/^tcp:/, "http:");
    context.log.write("notice", "web", `page on ${text}`, { address: local.text, url: text });
  }
  const quiet = { ...context, log: onlyTrouble(context.log) };
  const opened = openWatchWeb(watching, quiet, { hosts: hostsOf(target, options) });
  let lastId = 0;
  const maximumSessions = context.limits["watch-viewers"] + otherSessions;
  const policy = { maximumSessions, nextId: () => ++lastId };
  const close = async () => await opened[Symbol.asyncDispose]();
  return new WatchWeb(new RunningServer(listeners, looped(opened.handle), policy, quiet), close);
}

/**
 * Refuses an address of the page, before anything is opened.
 *
 * @throws {NetError} kind "exposure"; "usage" for what carries no HTTP
 */
export function refuseWeb(address: Address, isPublic: boolean): void {
  refuseOneWay(address, "--web");
  refuseExposure(address, "--web", isPublic);
}

function hostsOf(address: Address, { hosts = [] }: ServeWatchOptions): readonly string[] {
  const own = "host" in address && address.host !== "" ? [address.host] : [];
  return [...own, identity().host, ...hosts];
}
