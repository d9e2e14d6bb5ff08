/**
 * A link over carriers in memory that a test cuts, silences or replaces.
 * @module
 */

import type { Clock } from "../../lib/core/clock.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Duplex, Incoming, Listener, Peer } from "../../lib/core/contract.ts";
import { ReadyIncoming } from "../../lib/core/incoming.ts";
import { defaultLimits, type Limits } from "../../lib/core/limits.ts";
import { LinkClient } from "../../lib/link/link_client.ts";
import type {
  CarrierReport,
  LinkClientOptions,
  LinkEvent,
  LinkHandlers,
  LinkServerEvent,
  LinkServerOptions,
} from "../../lib/link/link_options.ts";
import { LinkServer } from "../../lib/link/link_server.ts";
import { WrappedDuplex } from "../../lib/stream/wrapped.ts";
import { memoryPair } from "../../lib/transport/memory_session.ts";

/** The key that both sides have unless a test says otherwise. */
export const linkKey: Uint8Array = new Uint8Array(32).fill(7);

const peer: Peer = { scheme: "memory", text: "memory:link" };

/** A carrier that can be cut after so many bytes, or swallow everything from then on. */
export class FaultyCarrier extends WrappedDuplex {
  /** Everything that was written. */
  readonly written: Uint8Array[] = [];
  #left: number;
  #isSilent = false;

  constructor(inner: Duplex, cutAfter = Infinity) {
    super(inner);
    this.#left = cutAfter;
  }

  /** From now on nothing gets through, and nobody is told. */
  silence(): void {
    this.#isSilent = true;
  }

  override async write(chunk: Uint8Array): Promise<void> {
    if (this.#isSilent) return;
    this.written.push(chunk.slice(0, 4096));
    const part = chunk.subarray(0, this.#left);
    this.#left -= part.length;
    await super.write(part);
    if (part.length === chunk.length) return;
    // As a connection that breaks: what was on its way is lost on both sides.
    this.abort();
    await super.write(chunk);
  }
}

/** What a test changes. */
export interface LinkedOptions {
  readonly server?: Partial<LinkServerOptions>;
  readonly client?: Partial<LinkClientOptions>;
  readonly handlers?: LinkHandlers;
  readonly clientHandlers?: LinkHandlers;
  readonly limits?: Partial<Limits>;
  readonly clock?: Clock;
  /** Bytes after which the nth carrier (from 0) is cut, each way. */
  readonly cutAfter?: (nth: number) => number;
  /** In place of dialling the server: the nth attempt, from 0; undefined: the server. */
  readonly dial?: (nth: number) => Duplex | undefined;
}

/** A server, clients of it, and what was seen. */
export class Linked implements AsyncDisposable {
  server: LinkServer;
  /** Both sides of every carrier. */
  readonly carriers: { readonly client: FaultyCarrier; readonly server: FaultyCarrier }[] = [];
  readonly reports: Promise<CarrierReport>[] = [];
  readonly serverEvents: LinkServerEvent[] = [];
  readonly #options: LinkedOptions;
  readonly #clients: LinkClient[] = [];
  #dials = 0;

  constructor(options: LinkedOptions = {}) {
    this.#options = options;
    this.server = this.#newServer();
  }

  get #context() {
    const { clock, limits } = this.#options;
    return makeContext({
      limits: { ...defaultLimits, ...limits },
      ...(clock === undefined ? {} : { clock }),
    });
  }

  #newServer(): LinkServer {
    const { server, handlers = openPipes().handlers } = this.#options;
    const tell = (event: LinkServerEvent) => void this.serverEvents.push(event);
    return new LinkServer({ key: linkKey, tell, ...server }, handlers, this.#context);
  }

  /** The server dies and comes back, knowing nothing. */
  restart(): void {
    const old = this.server;
    this.server = this.#newServer();
    for (const { server } of this.carriers) server.abort();
    void old[Symbol.asyncDispose]();
  }

  /** One carrier to the server, accepted and served. */
  dial(): FaultyCarrier {
    const { cutAfter = () => Infinity } = this.#options;
    const nth = this.carriers.length;
    const [near, far] = memoryPair(peer, peer, 64 * 1024);
    const client = new FaultyCarrier(near, cutAfter(nth));
    const server = new FaultyCarrier(far, cutAfter(nth));
    this.carriers.push({ client, server });
    this.reports.push(this.server.serve(server));
    return client;
  }

  /** A client that dials at once. */
  client(given: Partial<LinkClientOptions> = {}): LinkClient & { readonly seen: LinkEvent[] } {
    const seen: LinkEvent[] = [];
    const backoff = { initialMs: 1, maximumMs: 4 };
    const tell = (event: LinkEvent) => void seen.push(event);
    const options = { key: linkKey, backoff, tell, ...this.#options.client, ...given };
    const client = new LinkClient(
      () => Promise.resolve(this.#options.dial?.(this.#dials++) ?? this.dial()),
      options,
      this.#options.clientHandlers ?? {},
      this.#context,
    );
    this.#clients.push(client);
    client.start();
    return Object.assign(client, { seen });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.server[Symbol.asyncDispose]();
    await Promise.all(this.reports);
  }
}

/** Handlers that open one end of a pipe for whatever is asked; the other ends are here. */
export function openPipes(
  capacity = 64 * 1024,
): { handlers: LinkHandlers; next: () => Promise<Duplex> } {
  const ends: Duplex[] = [];
  let waiting: ((end: Duplex) => void) | undefined;
  return {
    handlers: {
      open: () => {
        const [near, far] = memoryPair(peer, peer, capacity);
        if (waiting === undefined) ends.push(far);
        else waiting(far);
        waiting = undefined;
        return Promise.resolve(near);
      },
    },
    next: () => {
      const end = ends.shift();
      return end === undefined ? new Promise((then) => waiting = then) : Promise.resolve(end);
    },
  };
}

/** A listener that a test connects to by hand. */
export class HandListener implements Listener {
  readonly local: Peer;
  isClosed = false;
  readonly #queue: Incoming[] = [];
  #wake: (() => void) | undefined;

  constructor(text: string) {
    this.local = { scheme: text.split(":", 1)[0] ?? "", text };
  }

  /** Somebody connects; the other end. */
  connect(remote = "tcp://192.0.2.1:4711"): Duplex {
    const [near, far] = memoryPair({ scheme: "tcp", text: remote }, this.local, 64 * 1024);
    this.#queue.push(new ReadyIncoming(far));
    this.#wake?.();
    return near;
  }

  async accept(): Promise<Incoming | null> {
    for (;;) {
      const incoming = this.#queue.shift();
      if (incoming !== undefined) return incoming;
      if (this.isClosed) return null;
      await new Promise<void>((then) => this.#wake = then);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true;
    this.#wake?.();
    return Promise.resolve();
  }
}
