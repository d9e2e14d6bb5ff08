/**
 * Passive endpoint by address -> sessions, one after another.
 * @module
 */

import type { Address } from "../core/address.ts";
import { type Context, withSignal } from "../core/context.ts";
import type { Duplex, Incoming, Listener, Peer } from "../core/contract.ts";
import { Acceptor } from "../service/accept.ts";
import { addressFor, type CallOptions, contextOf, portsOf } from "./endpoint.ts";
import { withHeartbeat, withShortQueue } from "./heartbeat.ts";
import { closeAll, openListeners } from "./passive.ts";

/** How `listen` behaves. */
export interface ListenOptions extends CallOptions {
  /** Looks for life in each session: `every=5s,misses=3`, as `--heartbeat` takes it. */
  readonly heartbeat?: string;
}

/**
 * Listens on an address.
 *
 * @param address text or value in the address language; `listen:` may be left out
 * @throws {AddressError} for an address or option that cannot be; nothing was opened
 * @throws {NetError} kind "in-use", "permission" and others; nothing stays open then
 *
 * @example
 * ```ts
 * import { connect, listen, readExactly } from "@plumb/plumb";
 *
 * await using listening = await listen("tcp://127.0.0.1:0");
 * await using client = await connect(listening.addresses[0]?.text ?? "");
 * await using session = await listening.accept();
 * await client.write(new TextEncoder().encode("hi"));
 * if (session !== null) await readExactly(session, new Uint8Array(2));
 * ```
 */
export async function listen(
  address: string | Address,
  options: ListenOptions = {},
): Promise<Listening> {
  const context = contextOf(options);
  const { heartbeat } = options;
  const given = addressFor(address, "passive");
  const target = heartbeat === undefined ? given : withShortQueue(given);
  return new Listening(await openListeners(target, context, portsOf(options)), context, heartbeat);
}

/** A connection that was accepted and waits to be asked for. */
interface Offer {
  readonly incoming: Incoming;
  readonly taken: () => void;
}

/**
 * Everything that one passive address listens on, as one source of sessions. Clients that were
 * lost in the backlog are passed over; where descriptors run out, accepting pauses.
 */
export class Listening implements AsyncDisposable, AsyncIterable<Duplex> {
  /** Where it listens, with the real ports. */
  readonly addresses: readonly Peer[];
  /** The listeners inside, one for each address. */
  readonly listeners: readonly Listener[];
  readonly #context: Context;
  readonly #heartbeat: string | undefined;
  readonly #offers: Offer[] = [];
  readonly #takers: ((offer: Offer | null) => void)[] = [];
  #running: Promise<void> | undefined;
  #open: number;
  #isClosed = false;
  #failure: { thrown: unknown } | undefined;

  /**
   * Owns the listeners; accepts nothing before the first call of `accept`.
   *
   * @param heartbeat looks for life in each session, as `--heartbeat` takes it
   */
  constructor(listeners: readonly Listener[], context: Context, heartbeat?: string) {
    this.#heartbeat = heartbeat;
    this.listeners = listeners;
    this.addresses = listeners.map((listener) => listener.local);
    this.#context = context;
    this.#open = listeners.length;
  }

  /**
   * Waits for the next session. Several calls may wait; they are served in order.
   *
   * @returns null once it was closed
   * @throws {NetError} what ended a listener, or a handshake that failed; the signal's reason
   */
  async accept(signal: AbortSignal = this.#context.signal): Promise<Duplex | null> {
    this.#running ??= Promise.all(this.listeners.map((one) => this.#run(one))).then(() => {});
    const offer = this.#offers.shift() ?? await this.#wait(signal);
    if (offer === null) {
      if (this.#failure !== undefined) throw this.#failure.thrown;
      return null;
    }
    offer.taken();
    const session = await offer.incoming.settle(this.#context);
    const heartbeat = this.#heartbeat;
    return heartbeat === undefined
      ? session
      : withHeartbeat(session, heartbeat, this.#context, "listen");
  }

  /** Sessions until it is closed. */
  async *[Symbol.asyncIterator](): AsyncIterator<Duplex> {
    for (let session = await this.accept(); session !== null; session = await this.accept()) {
      yield session;
    }
  }

  /** Stops listening; sessions that were taken go on, others are refused. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await closeAll(this.listeners);
    for (const offer of this.#offers.splice(0)) refuse(offer);
    await this.#running;
  }

  #wait(signal: AbortSignal): Promise<Offer | null> {
    if (this.#isOver) return Promise.resolve(null);
    const next = new Promise<Offer | null>((resolve) => this.#takers.push(resolve));
    return withSignal(signal, next, (late) => late === null ? undefined : this.#offer(late));
  }

  /** One that is broken is told at once, however long the others go on. */
  get #isOver(): boolean {
    return this.#open === 0 || this.#failure !== undefined;
  }

  #offer(offer: Offer): void {
    if (this.#isClosed) return refuse(offer); // accepted, or given back, while it was closed
    const taker = this.#takers.shift();
    if (taker !== undefined) taker(offer);
    else this.#offers.push(offer);
  }

  /** Holds at most one connection that nobody asked for: the rest wait in the kernel's backlog. */
  async #run(listener: Listener): Promise<void> {
    const acceptor = new Acceptor(listener, this.#context);
    try {
      for (let incoming = await acceptor.next(); incoming !== null;) {
        const one = incoming;
        await new Promise<void>((taken) => this.#offer({ incoming: one, taken }));
        incoming = await acceptor.next();
      }
    } catch (thrown) {
      this.#failure ??= { thrown };
    }
    this.#open--;
    if (this.#isOver) { for (const taker of this.#takers.splice(0)) taker(null); }
  }
}

/** Whoever offered it goes on. */
function refuse({ incoming, taken }: Offer): void {
  incoming.reject();
  taken();
}
