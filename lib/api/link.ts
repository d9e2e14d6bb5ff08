/**
 * Address of a link's server -> a session with it that survives its connections.
 * @module
 */

import { formatAddress, formatEndpoint } from "../address/format.ts";
import { type Forward, splitForward } from "../address/forward.ts";
import type { Address } from "../core/address.ts";
import { type ChildContext, deriveContext } from "../core/context.ts";
import type { Duplex, Peer } from "../core/contract.ts";
import type { ServerTally } from "../core/tally.ts";
import type { Ports } from "../core/transport.ts";
import type { BackoffOptions } from "../link/backoff.ts";
import { LinkClient } from "../link/link_client.ts";
import type { LinkEvent, LinkTally } from "../link/link_options.ts";
import type { ChannelKind } from "../link/session_events.ts";
import type { LinkHeartbeat } from "../link/session_options.ts";
import type { AcceptPolicy } from "../service/policy.ts";
import { onNetworkChange } from "../sys/network_change.ts";
import { dial } from "./connect.ts";
import { addressFor, type CallOptions, contextOf, portsOf } from "./endpoint.ts";
import { refuseForwards } from "./exposure.ts";
import { linkSecurity, type LinkSecurityOptions } from "./link_carrier.ts";
import { type LinkForwards, serveForwards } from "./link_forward.ts";
import { sayLinkEvent } from "./link_lines.ts";
import type { RunningServer } from "./running.ts";

/** How `link` behaves. */
export interface LinkCallOptions extends CallOptions, LinkSecurityOptions, AcceptPolicy {
  /** `LISTEN=TARGET`: this side listens, and the server connects to the target. */
  readonly forwards?: readonly (string | Forward)[];
  /** `LISTEN=TARGET`: the server listens, and this side connects to the target. */
  readonly reverses?: readonly (string | Forward)[];
  /** True: a forward of either way may lead from other machines to commands. */
  readonly public?: boolean;
  /**
   * Who this client is, at most 64 bytes: of those with one name the newest takes over, with its
   * ports. Default: nobody, which takes over nothing.
   */
  readonly identity?: string;
  /** When a silent carrier is dead; default every 5 s, 3 misses. Null: never. */
  readonly heartbeat?: LinkHeartbeat | null;
  /** Delays between attempts to get through; default 200 ms to 30 s. */
  readonly backoff?: BackoffOptions;
  /** Attempts in a row that may fail, the first included; default: any number. */
  readonly maximumAttempts?: number;
  /** Time for one attempt, and for opening a target of a reverse forward (ms); default 30,000. */
  readonly timeoutMs?: number;
}

/**
 * Begins a link: one sealed session to a server of `listenLink`, of many channels, that goes on
 * where it was when its connection is lost and comes back, with nothing lost and nothing doubled.
 *
 * @param address text or value: any stream endpoint, as tcp://HOST:PORT or exec:ssh ...
 * @returns the link, once the session is up and everything listens that was asked for
 * @throws {AddressError} for an address or option that cannot be; nothing was opened
 * @throws {NetError} kind "usage" or "exposure" before anything was opened; kind "authentication"
 * where the key is wrong; kind "permission" for a listener that is not permitted over there; what
 * listening says; nothing stays open then
 *
 * @example A channel to an echo service that only the server can reach
 * ```ts
 * import { link, listenLink, readExactly, serve } from "@plumb/plumb";
 *
 * const key = crypto.getRandomValues(new Uint8Array(32));
 * await using _echo = await serve("echo", "unix:@link-example");
 * await using server = await listenLink("tcp://127.0.0.1:0", {
 *   key,
 *   permits: ["unix:@link-example"],
 * });
 * await using session = await link(server.addresses[0]?.text ?? "", { key });
 * await using channel = await session.open("unix:@link-example");
 * await channel.write(new TextEncoder().encode("hello"));
 * await readExactly(channel, new Uint8Array(5));
 * ```
 */
export async function link(
  address: string | Address,
  options: LinkCallOptions = {},
): Promise<Link> {
  const begun = Link.begin(address, options);
  try {
    await begun.ready;
    return begun;
  } catch (thrown) {
    await begun[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** A link as its client holds it. */
export class Link implements AsyncDisposable {
  /** What happens to it, for any number of readers; ends with the link. */
  readonly events: AsyncIterable<LinkEvent>;
  /** Settles once the session is up and everything listens. @throws {NetError} why it will not */
  readonly ready: Promise<void>;
  /** Settles with what it has done; `error` in it where it did not end because it was asked to. */
  readonly done: Promise<LinkTally>;
  readonly #client: LinkClient;
  readonly #child: ChildContext;
  #server: RunningServer | undefined;

  /**
   * Begins, and does not wait: events come before there is a session.
   *
   * @throws {AddressError} {NetError} before anything was opened
   */
  static begin(address: string | Address, options: LinkCallOptions = {}): Link {
    const target = addressFor(address, "active");
    const security = linkSecurity(target, options);
    const context = contextOf(options);
    const ports = portsOf(options);
    const { timeoutMs } = options;
    const pairs = {
      forwards: pairsOf(options.forwards),
      reverses: pairsOf(options.reverses),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
    refuseForwards([...pairs.forwards, ...pairs.reverses], options.public ?? false);
    const child = deriveContext(context);
    const name = formatEndpoint(target);
    const client = new LinkClient(
      (within) => dial(target, within, ports, timeoutMs),
      {
        ...security,
        address: name,
        renews: true,
        watchNetwork: onNetworkChange,
        tell: (event) => sayLinkEvent(name, event, context.log),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(options.identity === undefined ? {} : { identity: options.identity }),
        ...(options.heartbeat === undefined ? {} : { heartbeat: options.heartbeat }),
        ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
        ...(options.maximumAttempts === undefined ? {} : { attempts: options.maximumAttempts }),
      },
      {},
      child.context,
    );
    return new Link(client, child, ports, pairs, options);
  }

  private constructor(
    client: LinkClient,
    child: ChildContext,
    ports: Ports,
    pairs: LinkForwards,
    options: LinkCallOptions,
  ) {
    this.#client = client;
    this.#child = child;
    this.events = client.events;
    const { drain } = options;
    const onDrain = () => void this.#drained();
    if (drain?.aborted) onDrain();
    else drain?.addEventListener("abort", onDrain, { once: true });
    client.start();
    this.ready = this.#open(pairs, options, ports);
    this.done = client.done.finally(async () => {
      drain?.removeEventListener("abort", onDrain);
      await this.#finish();
    });
    // Who looks at one of them only is not punished by the rejection of the other.
    this.ready.catch(() => {});
    this.done.catch(() => {});
  }

  /** Where this side listens, and the other one for it, with the real ports. */
  get addresses(): readonly Peer[] {
    return this.#server?.addresses ?? [];
  }

  /** The connections of its forwards that there were, and those that are open now. */
  tally(): { readonly done: ServerTally; readonly open: number } | null {
    return this.#server === undefined
      ? null
      : { done: this.#server.tally(), open: this.#server.open };
  }

  /**
   * Opens a channel to a target over there.
   *
   * @param target an active address, permitted by the server
   * @param kind "datagrams" where it is to keep the boundaries of messages
   * @throws {NetError} kind "permission", or what opening says over there
   */
  open(target: string | Address, kind: ChannelKind = "stream"): Promise<Duplex> {
    return this.#client.open(formatAddress(addressFor(target, "active")), kind);
  }

  /** Dials at once where it waits for its next attempt. */
  retryNow(): void {
    this.#client.retryNow();
  }

  /** Cuts what is open and ends it, in order where the server can be told. Idempotent. */
  async close(): Promise<LinkTally> {
    await this.#server?.[Symbol.asyncDispose]();
    await this.#client.close();
    return await this.done;
  }

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #open(pairs: LinkForwards, options: AcceptPolicy, ports: Ports): Promise<void> {
    await this.#client.up;
    const { context } = this.#child;
    const server = await serveForwards(this.#client, pairs, options, context, ports);
    if (server === null) return;
    this.#server = server;
    if (context.signal.aborted) await server[Symbol.asyncDispose]();
    // A listener that fails ends the link as it would end any other server.
    server.done.catch((thrown) => this.#child.abort(thrown));
  }

  /** Told to end: its connections may take the time of the policy, then the session is closed. */
  async #drained(): Promise<void> {
    await this.#server?.done.catch(() => {});
    await this.#client.close();
  }

  /** The session is over: what listens for it has nothing to connect to. */
  async #finish(): Promise<void> {
    await this.ready.catch(() => {});
    await this.#server?.[Symbol.asyncDispose]();
    this.#child[Symbol.dispose]();
  }
}

function pairsOf(given: LinkCallOptions["forwards"] = []): Forward[] {
  return given.map((pair) => typeof pair === "string" ? splitForward(pair) : pair);
}
