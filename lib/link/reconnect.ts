/**
 * A session that survives its connections: it dials anew whenever one is lost.
 *
 * What it promises: bytes that the system has taken for a connection are never sent again, and
 * those that it has not taken go to the next one (`whileDown`). It is no resumable session: what
 * was on its way when a connection broke may be lost, and nobody can tell how much of it.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Peer, Traits } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import { EventStream } from "../core/event_stream.ts";
import { TimerWheel } from "../core/wheel.ts";
import { reportThrown } from "../core/uncaught.ts";
import { reasonOfError } from "../stream/relay.ts";
import { Connection } from "./reconnect_connection.ts";
import type { ReconnectState } from "./reconnect_machine.ts";
import { Redialler } from "./redialler.ts";
import type {
  ConnectionEvent,
  ConnectionStatus,
  Dial,
  ReconnectOptions,
  ReconnectTally,
} from "./reconnect_options.ts";
import { Outbox } from "./reconnect_outbox.ts";

/** Before there is a session, nothing else is known. */
const streamTraits: Traits = { messages: false, halfClose: true };

const usualHoldBytes = 64 * 1024;

/** The machine's states, as they are told while there is no connection. */
const shownStates = {
  idle: "connecting",
  dialling: "connecting",
  up: "connecting",
  waiting: "waiting",
  over: "over",
} as const satisfies Readonly<Record<ReconnectState, ConnectionStatus["state"]>>;

/**
 * A session over one connection after the other. While `closeWrite` was not called the peer's
 * orderly end counts as a loss; after it, it is the end. `local` and `remote` are those of the last
 * connection, `traits` those of the first.
 */
export class Reconnecting implements Duplex {
  /** What happens, for any number of readers; it ends with the session. */
  readonly events: AsyncIterable<ConnectionEvent>;
  /** Settles with the first connection. @throws {NetError} what it was given up for before one */
  readonly up: Promise<void>;
  /** Settles once nothing happens to it any more: ended, given up or closed. Never rejects. */
  readonly over: Promise<void>;
  readonly #events: EventStream<ConnectionEvent>;
  readonly #firstUp = Promise.withResolvers<void>();
  readonly #isOver = Promise.withResolvers<void>();
  readonly #options: ReconnectOptions;
  readonly #context: Context;
  readonly #redialler: Redialler;
  readonly #outbox: Outbox;
  readonly #tally: ReconnectTally = { connections: 0, bytesAtRisk: 0, bytesDropped: 0 };
  #traits: Traits;
  #local: Peer;
  #remote: Peer;
  /** The connection that is up. */
  #live: Connection | undefined;
  /** One that a write found broken: what came before that is still read. */
  #draining: Connection | undefined;
  /** Settles with the next connection, and with the end. */
  #changed = Promise.withResolvers<void>();
  /** The peer has ended after us. */
  #isDone = false;
  /** What reads throw, once nothing is left to read. */
  #failure: NetError | undefined;
  readonly #closings = new Set<Promise<void>>();
  #disposing: Promise<void> | undefined;

  /** Use {@linkcode reconnecting}. */
  constructor(dial: Dial, options: ReconnectOptions, context: Context) {
    const { address = "", whileDown = "hold", holdBytes = usualHoldBytes } = options;
    this.#options = options;
    this.#context = context;
    this.#traits = options.traits ?? streamTraits;
    this.#local = this.#remote = { scheme: address.split(":", 1)[0] ?? "", text: address };
    this.#events = new EventStream(context.limits["event-queue"]);
    this.events = this.#events;
    this.up = this.#firstUp.promise;
    this.up.catch(() => {}); // reads and writes tell it as well
    this.over = this.#isOver.promise;
    this.#redialler = new Redialler(dial, options, context, {
      connected: (session, attempt) => this.#connected(session, attempt),
      gaveUp: (error) => this.#fail(error),
      tell: (event) => this.#tell(event),
    });
    this.#outbox = new Outbox({
      whileDown,
      holdBytes,
      address,
      broken: (connection, error) => this.#lost(connection, error, "write"),
      failed: (error) => this.#fail(error),
    }, () => this.#traits.messages);
    context.signal.addEventListener("abort", this.#onSignal, { once: true });
    if (context.signal.aborted) this.#onSignal();
    else this.#redialler.start();
  }

  /** This side's end of the last connection. */
  get local(): Peer {
    return this.#local;
  }

  /** The peer of the last connection; before the first, the address. */
  get remote(): Peer {
    return this.#remote;
  }

  /** As the first connection has them; before it, `ReconnectOptions.traits`. */
  get traits(): Traits {
    return this.#traits;
  }

  /** What all connections so far have done. */
  get tally(): Readonly<ReconnectTally> {
    return this.#tally;
  }

  /** Where it is now. */
  get status(): ConnectionStatus {
    const { state, attempt, deadlineMs } = this.#redialler.machine;
    const leftMs = deadlineMs === null ? 0 : deadlineMs - this.#context.clock.now();
    return {
      // One that was told to stop is over for the machine, and may be up still.
      state: this.#live !== undefined ? "up" : shownStates[state],
      address: this.#remote.text,
      attempt,
      delayMs: Math.max(0, leftMs),
      connections: this.#tally.connections,
    };
  }

  /** Dials at once where it waits, and anew where an attempt hangs. Nothing while it is up. */
  retryNow(): void {
    this.#redialler.retry("asked");
  }

  /**
   * As `Duplex.read`, from one connection after the other.
   *
   * @throws {NetError} what it was given up for; kind "aborted" once it was closed
   */
  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.#isDone) return null;
      const connection = this.#draining ?? this.#live;
      if (connection !== undefined) {
        const count = await this.#readFrom(connection, into);
        if (count !== null) return count;
      } else if (this.#failure !== undefined) throw this.#failure;
      else await this.#changed.promise;
    }
  }

  /** @returns null where the connection gives no more */
  async #readFrom(connection: Connection, into: Uint8Array): Promise<number | null> {
    let error: NetError | undefined;
    try {
      const count = await connection.session.read(into);
      if (count !== null) return count;
    } catch (thrown) {
      error = toNetError(thrown, "read", this.#remote.text, "remote");
      if (error.kind === "too-large") throw error;
    }
    if (this.#draining === connection) this.#endDraining();
    else if (this.#live === connection) this.#ended(connection, error);
    return null;
  }

  /** A connection gives no more: after our end was passed on that is the end, else a loss. */
  #ended(connection: Connection, error: NetError | undefined): void {
    const isStopped = this.#redialler.machine.state === "over";
    if (!connection.endPassed && !isStopped) return this.#lost(connection, error, "read");
    this.#redialler.stop();
    if (error === undefined) {
      this.#isDone = true;
      return this.#over();
    }
    this.#live = undefined;
    this.#discard(connection, error);
    this.#fail(error);
  }

  /** As `Duplex.readable`; a read after it waits where the connection was lost. */
  async readable(): Promise<void> {
    for (;;) {
      const connection = this.#draining ?? this.#live;
      if (connection !== undefined) return await connection.session.readable?.();
      if (this.#isDone || this.#failure !== undefined) return;
      await this.#changed.promise;
    }
  }

  /** As `Duplex.unread`, of the connection that is read. */
  unread(): number | null {
    return (this.#draining ?? this.#live)?.session.unread?.() ?? null;
  }

  /** What is held counts too. Null where there is no connection, or it does not tell. */
  unacknowledged(): number | null {
    const count = this.#live?.unacknowledged() ?? null;
    return count === null ? null : count + this.#outbox.held;
  }

  /**
   * Settles once the system has taken everything, or it is held or thrown away as `whileDown` says.
   *
   * @throws {NetError} kind "unreachable" while it is down (`fail`); what it was given up for
   */
  write(chunk: Uint8Array): Promise<void> {
    return this.#outbox.write(chunk);
  }

  /** Says that nothing more will be written; while it is down the next connection is told. */
  closeWrite(): Promise<void> {
    return this.#outbox.closeWrite();
  }

  /** Ends it, and the connection there is, at once. Idempotent, never throws. */
  abort(reason?: unknown): void {
    this.#takeLive()?.session.abort(reason);
    this.#fail(this.#closed("the session was closed on this side", reason));
    this.#endDraining();
  }

  /** In order: what is held is delivered first, for as long as the limit `close-wait` says. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposing ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    if (!this.#outbox.isEmpty && this.#failure === undefined) await this.#delivered();
    const live = this.#takeLive();
    this.#isDone = false;
    this.#fail(this.#closed("the session was closed on this side"));
    this.#endDraining();
    await live?.session[Symbol.asyncDispose]();
    await Promise.all(this.#closings);
  }

  #takeLive(): Connection | undefined {
    const live = this.#live;
    this.#live = undefined;
    return live;
  }

  #delivered(): Promise<void> {
    const { clock, limits } = this.#context;
    return new Promise((resolve) => {
      const timer = TimerWheel.of(clock).timer(limits["close-wait"], resolve);
      void this.#outbox.settled().then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #connected(session: Duplex, attempt: number): void {
    if (this.#failure !== undefined) return session.abort(this.#failure);
    if (this.#tally.connections++ === 0) this.#traits = session.traits;
    this.#endDraining(); // its time is over: what it has not given would come too late
    this.#local = session.local;
    this.#remote = session.remote;
    const live = new Connection(session, this.#context.clock.now());
    this.#live = live;
    this.#tellDropped();
    this.#tell({ state: "up", attempt, local: session.local, remote: session.remote });
    this.#firstUp.resolve();
    this.#outbox.connected(live);
    this.#notify();
  }

  /** The connection is no more. @param by who found out */
  #lost(connection: Connection, error: NetError | undefined, by: "read" | "write"): void {
    if (this.#live !== connection) return;
    this.#live = undefined;
    this.#outbox.disconnected();
    const { bytesHandedOver, startMs } = connection;
    const unacknowledged = connection.unacknowledged();
    // The kernel counts what was put around the bytes as well (heartbeats, a FIN).
    this.#tally.bytesAtRisk += Math.min(unacknowledged ?? bytesHandedOver, bytesHandedOver);
    this.#tell({
      state: "down",
      reason: error === undefined ? "peer-end" : reasonOfError(error),
      ...(error === undefined ? {} : { error }),
      upMs: this.#context.clock.now() - startMs,
      bytesHandedOver,
      bytesUnacknowledged: unacknowledged,
    });
    // What the peer said before it broke the connection is still to be read.
    if (by === "write") this.#draining = connection;
    else this.#discard(connection, error);
    this.#redialler.lost(error);
  }

  #endDraining(): void {
    const connection = this.#draining;
    if (connection === undefined) return;
    this.#draining = undefined;
    this.#discard(connection, "lost");
  }

  #discard(connection: Connection, reason: unknown): void {
    const closing = connection.close(reason).finally(() => this.#closings.delete(closing));
    this.#closings.add(closing);
  }

  /** Told to stop: no more attempts, and the connection there is may end by itself. */
  readonly #onSignal = (): void => {
    this.#redialler.stop();
    const { reason } = this.#context.signal;
    const error = reason instanceof NetError ? reason : this.#closed("it was told to stop", reason);
    if (this.#live === undefined) this.#fail(error);
    else this.#outbox.fail(error);
  };

  /** There will be no connection any more. */
  #fail(error: NetError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#redialler.stop();
    this.#outbox.fail(error);
    this.#firstUp.reject(error);
    this.#over();
    this.#notify();
  }

  /** Nothing happens to it any more. */
  #over(): void {
    this.#tellDropped();
    this.#events.end();
    this.#isOver.resolve();
    this.#context.signal.removeEventListener("abort", this.#onSignal);
  }

  #tell(event: ConnectionEvent): void {
    reportThrown(() => this.#options.tell?.(event));
    this.#events.put(event);
  }

  #tellDropped(): void {
    const bytes = this.#outbox.takeDropped();
    this.#tally.bytesDropped += bytes;
    if (bytes > 0) this.#tell({ state: "dropped", bytes });
  }

  #notify(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }

  #closed(message: string, cause?: unknown): NetError {
    const init = { kind: "aborted", op: "connect", address: this.#remote.text, message } as const;
    return new NetError({ ...init, ...(cause === undefined ? {} : { cause }) });
  }
}

/**
 * A session that dials anew whenever its connection is lost, with growing, jittered delays.
 *
 * @param dial makes one connection; what each must begin with (a greeting, a login) it does itself
 * @returns at once; `up` settles with the first connection
 *
 * @example A session that outlives its server's patience
 * ```ts
 * import { connect, makeContext, readExactly, reconnecting, serve } from "@plumb/plumb";
 *
 * await using server = await serve("echo", "tcp://127.0.0.1:0");
 * const address = server.addresses[0]?.text ?? "";
 * await using session = reconnecting(({ signal }) => connect(address, { signal }), {
 *   attempts: 5,
 *   backoff: { initialMs: 100, maximumMs: 5_000 },
 * }, makeContext());
 * await session.up;
 * await session.write(new TextEncoder().encode("hello"));
 * await readExactly(session, new Uint8Array(5));
 * for await (const event of session.events) {
 *   if (event.state === "up") break; // "connecting" came before it
 * }
 * ```
 */
export function reconnecting(
  dial: Dial,
  options: ReconnectOptions,
  context: Context,
): Reconnecting {
  return new Reconnecting(dial, options, context);
}
