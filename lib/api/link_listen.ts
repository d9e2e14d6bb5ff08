/**
 * Passive address -> a server of links.
 * @module
 */

import { parsePermit, type Permit } from "../address/permit.ts";
import type { Address } from "../core/address.ts";
import type { LinkServerEvent, LinkServerSession } from "../link/link_options.ts";
import { LinkServer } from "../link/link_server.ts";
import type { LinkHeartbeat } from "../link/session_options.ts";
import type { AcceptPolicy } from "../service/policy.ts";
import { addressFor, type CallOptions, contextOf, portsOf } from "./endpoint.ts";
import { refusePermits } from "./exposure.ts";
import { linkSecurity, type LinkSecurityOptions } from "./link_carrier.ts";
import { sayLinkServerEvent } from "./link_lines.ts";
import { permittedHandlers } from "./link_permitted.ts";
import { openListeners } from "./passive.ts";
import { looped, RunningServer } from "./running.ts";

/** How `listenLink` behaves. */
export interface LinkListenOptions extends CallOptions, LinkSecurityOptions, AcceptPolicy {
  /**
   * What clients may have opened: `tcp://db:5432`, `tcp://db:*`, `tcp://*:80`,
   * `listen:tcp://:8080`. Options are part of it, and names are not resolved. Default: nothing.
   */
  readonly permits?: readonly string[];
  /** True: permits to run commands may be given to clients of other machines. */
  readonly public?: boolean;
  /** How long a session waits for a client whose carrier was lost (ms); default 300,000. */
  readonly retentionMs?: number;
  /** When a silent carrier is dead; default every 5 s, 3 misses. Null: never. */
  readonly heartbeat?: LinkHeartbeat | null;
  /** Time for opening a target (ms); default 30,000. */
  readonly timeoutMs?: number;
}

/** A server of links at work: its connections are the carriers. */
export class RunningLinkServer extends RunningServer {
  readonly #link: LinkServer;

  /** Use `listenLink`. */
  constructor(link: LinkServer, ...rest: ConstructorParameters<typeof RunningServer>) {
    super(...rest);
    this.#link = link;
  }

  /** What happens to its sessions, for any number of readers; ends with the server. */
  get events(): AsyncIterable<LinkServerEvent> {
    return this.#link.events;
  }

  /** Its sessions, those that wait for their client included. */
  get sessions(): readonly LinkServerSession[] {
    return [...this.#link.sessions];
  }
}

/**
 * Waits for clients of `link`: has their forwards connected and their reverse forwards listened at,
 * as far as it is permitted.
 *
 * @param address text or value; `listen:` may be left out
 * @throws {AddressError} for an address, option or permit that cannot be; nothing was opened
 * @throws {NetError} kind "usage" or "exposure" before anything was opened; what listening says
 *
 * @example A reverse forward: the server listens, and this side answers
 * ```ts
 * import { connect, link, listenLink, readExactly, serve } from "@plumb/plumb";
 *
 * const key = crypto.getRandomValues(new Uint8Array(32));
 * await using server = await listenLink("tcp://127.0.0.1:0", {
 *   key,
 *   permits: ["listen:unix:@link-front"],
 * });
 * await using _echo = await serve("echo", "unix:@link-behind");
 * await using _link = await link(server.addresses[0]?.text ?? "", {
 *   key,
 *   reverses: ["listen:unix:@link-front=unix:@link-behind"],
 * });
 * await using client = await connect("unix:@link-front");
 * await client.write(new TextEncoder().encode("hello"));
 * await readExactly(client, new Uint8Array(5));
 * ```
 */
export async function listenLink(
  address: string | Address,
  options: LinkListenOptions = {},
): Promise<RunningLinkServer> {
  const target = addressFor(address, "passive");
  const security = linkSecurity(target, options);
  const context = contextOf(options);
  const permits: Permit[] = (options.permits ?? []).map((text) => parsePermit(text));
  refusePermits(target, permits, options.public ?? false);
  const ports = portsOf(options);
  const { retentionMs, heartbeat, timeoutMs } = options;
  const handlers = permittedHandlers(
    { permits, ports, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
    context,
  );
  const server = new LinkServer(
    {
      ...security,
      ...(retentionMs === undefined ? {} : { retentionMs }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
      tell: (event) => sayLinkServerEvent(event, context.log),
    },
    handlers,
    context,
  );
  try {
    const listeners = await openListeners(target, context, ports);
    const handle = looped((carrier, within, { watch }) => server.serve(carrier, within, watch));
    const close = () => server[Symbol.asyncDispose]();
    // A client that is not told of the end would wait for a session that nobody has any more.
    const policy = { ...options, cutsItself: true };
    const running = new RunningLinkServer(server, listeners, handle, policy, context, close);
    // The carriers are its connections: they end when nothing is carried any more.
    const drain = () => void server.drain();
    running.gate.draining.addEventListener("abort", drain, { once: true });
    return running;
  } catch (thrown) {
    await server[Symbol.asyncDispose]();
    throw thrown;
  }
}
