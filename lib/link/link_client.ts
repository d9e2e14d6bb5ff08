/**
 * The client of a link: dials, proves itself, and goes on with its session on one carrier after the
 * other. It never opens an address: it is handed what dials.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Listener } from "../core/contract.ts";
import { NetError, quote, toNetError } from "../core/error.ts";
import { EventStream } from "../core/event_stream.ts";
import { reportThrown } from "../core/uncaught.ts";
import {
  encodeIdentity,
  sessionIdBytes,
  type Welcome,
  type WelcomeStatus,
} from "../wire/link_hello.ts";
import type { LinkCode } from "../wire/link_code.ts";
import { reasonOfError } from "../stream/relay.ts";
import { closeInOrder } from "./link_closing.ts";
import type { CarrierRecords, LinkSecurity } from "./link_handshake.ts";
import { greetServer } from "./link_greeting.ts";
import type { LinkClientOptions, LinkEvent, LinkHandlers, LinkTally } from "./link_options.ts";
import { type CarrierEnd, closedHere, LinkRunner } from "./link_runner.ts";
import { addTally, emptyTally } from "./link_tally.ts";
import type { Dial } from "./reconnect_options.ts";
import { Redialler } from "./redialler.ts";
import type { ChannelKind } from "./session_events.ts";

/** What another dial would not change, once a server that has the key is known to be there. */
const forgeable: ReadonlySet<string> = new Set(["authentication", "protocol"]);

/**
 * One session at a time, over carriers that come and go. `link` is the same by address.
 *
 * @example What is dialled is up to the caller
 * ```ts
 * import { connect, LinkClient, LinkServer, listen, makeContext, serve } from "@plumb/plumb";
 *
 * const [context, key] = [makeContext(), crypto.getRandomValues(new Uint8Array(32))];
 * await using _echo = await serve("echo", "unix:@link-client-example");
 * await using door = await listen("tcp://127.0.0.1:0");
 * await using server = new LinkServer({ key }, { open: ({ target }) => connect(target) }, context);
 * const serving = door.accept().then((carrier) => carrier && server.serve(carrier));
 *
 * const dial = () => connect(door.addresses[0]?.text ?? "");
 * await using client = new LinkClient(dial, { key }, {}, context);
 * client.start();
 * const channel = await client.open("unix:@link-client-example");
 * await channel.write(new TextEncoder().encode("hello"));
 * await channel.closeWrite();
 * await channel.read(new Uint8Array(5));
 * await client.close();
 * await serving;
 * ```
 */
export class LinkClient implements AsyncDisposable {
  /** Settles when the session is first up. @throws {NetError} what it was given up for before */
  readonly up: Promise<void>;
  /** Settles with what was done, once it is over. Never rejects. */
  readonly done: Promise<LinkTally>;
  /** What happens, for any number of readers; it ends with the client. */
  readonly events: AsyncIterable<LinkEvent>;
  readonly #dial: Dial;
  readonly #options: LinkClientOptions;
  readonly #handlers: LinkHandlers;
  readonly #context: Context;
  readonly #security: LinkSecurity;
  readonly #events: EventStream<LinkEvent>;
  readonly #redialler: Redialler;
  readonly #firstUp = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<LinkTally>();
  readonly #startMs: number;
  readonly #past = emptyTally();
  #runner: LinkRunner;
  #sessionId: Uint8Array;
  #sessions = 1;
  /** This session was up; any session was. */
  #isKnown = false;
  #wasUp = false;
  /** Of the carrier that was greeted last. */
  #records: CarrierRecords | null = null;
  #carrying: Promise<void> | undefined;
  #upMs = 0;
  #finishing: Promise<void> | undefined;
  #closing: Promise<LinkTally> | undefined;

  /**
   * Does nothing before `start`.
   *
   * @param dial makes one carrier: any stream
   * @throws {NetError} kind "usage" for an identity that is too long
   */
  constructor(dial: Dial, options: LinkClientOptions, handlers: LinkHandlers, context: Context) {
    encodeIdentity(options.identity ?? ""); // too long: said now, and not at each attempt
    this.#dial = dial;
    this.#options = options;
    this.#handlers = handlers;
    this.#context = context;
    this.#security = { key: options.key, seals: options.seals ?? true };
    this.#events = new EventStream(context.limits["event-queue"]);
    this.events = this.#events;
    this.up = this.#firstUp.promise;
    this.up.catch(() => {}); // `done` and `events` tell it as well
    this.done = this.#done.promise;
    this.#startMs = context.clock.now();
    this.#sessionId = newSessionId();
    this.#runner = this.#newRunner();
    const { tell: _, ...policy } = options;
    this.#redialler = new Redialler((inner) => this.#connect(inner), policy, context, {
      connected: (carrier) => this.#connected(carrier),
      gaveUp: (error) => void this.#finish(error),
      tell: (event) => {
        if (event.state === "connecting" || event.state === "waiting") this.#tell(event);
      },
    });
  }

  /** Begins to dial. Once. */
  start(): void {
    const { signal } = this.#context;
    signal.addEventListener("abort", this.#onSignal, { once: true });
    if (signal.aborted) this.#onSignal();
    else this.#redialler.start();
  }

  /**
   * Opens a channel to a target of the server; before the session is up, it waits for that.
   *
   * @param target an address, as the server understands it
   * @throws {NetError} why it was refused; why the session is over; the signal's reason
   */
  open(
    target: string,
    kind: ChannelKind = "stream",
    context: Pick<Context, "signal"> = this.#context,
  ): Promise<Duplex> {
    return this.#runner.open(kind, target, null, context.signal);
  }

  /**
   * Has the server listen; what it accepts is accepted here. The listener ends with the session.
   *
   * @throws {NetError} why it was refused; why the session is over
   */
  listen(address: string): Promise<Listener> {
    return this.#runner.listen(address);
  }

  /** Dials at once where it waits, and anew where an attempt hangs. Nothing while it is up. */
  retryNow(): void {
    this.#redialler.retry("asked");
  }

  /** Drops the carrier that there is, and goes on by another one. Nothing while there is none. */
  drop(reason: NetError): void {
    this.#runner.drop(reason);
  }

  /** True once there will be no more carriers. */
  get isOver(): boolean {
    return this.#finishing !== undefined || this.#closing !== undefined;
  }

  /** What was done so far. */
  get tally(): LinkTally {
    const { session, failure } = this.#runner;
    return {
      ...addTally({ ...this.#past }, session.tally),
      sessions: this.#sessions,
      durationMs: this.#context.clock.now() - this.#startMs,
      ...(failure === undefined ? {} : { error: failure }),
    };
  }

  /** Ends the session in order: what was written before still arrives, if the carrier lives. */
  close(): Promise<LinkTally> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<LinkTally> {
    this.#redialler.stop();
    if (this.#carrying !== undefined && this.#finishing === undefined) {
      await closeInOrder(this.#runner, this.#carrying, this.#context);
    }
    await this.#finish();
    return await this.done;
  }

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** One attempt: a carrier that the server has let us in by. */
  async #connect(context: Context): Promise<Duplex> {
    for (;;) {
      const startMs = context.clock.now();
      const carrier = await this.#dial(context);
      let status: WelcomeStatus;
      try {
        status = await this.#greet(carrier, context, startMs);
        if (status === "ready") return carrier;
        // Or this would go round without a pause.
        if (status === "session-gone" && !this.#isKnown) throw noNewSession();
      } catch (thrown) {
        carrier.abort(thrown);
        await carrier[Symbol.asyncDispose]();
        throw this.#judged(thrown);
      }
      await carrier[Symbol.asyncDispose]();
      if (status === "session-gone") this.#sessionGone();
      else void this.#finish(this.#takenOver());
      context.signal.throwIfAborted();
    }
  }

  async #greet(carrier: Duplex, context: Context, startMs: number): Promise<WelcomeStatus> {
    if (carrier.traits.messages) {
      const message = "a link needs a stream to be carried by";
      throw new NetError({ kind: "usage", op: "link", address: carrier.remote.text, message });
    }
    const { timeoutMs = Infinity } = this.#options;
    const { welcome, records } = await greetServer(
      carrier,
      this.#security,
      {
        features: 0,
        resumes: this.#isKnown,
        session: this.#sessionId,
        received: this.#runner.session.received,
        identity: this.#options.identity ?? "",
      },
      context,
      startMs + timeoutMs,
    );
    this.#records = records;
    if (welcome.status === "full" || welcome.status === "draining") throw comeAgain(welcome);
    return welcome.status;
  }

  /**
   * Before the client was ever let in, what the server says is final. After that it may be forged
   * by anyone on the way: then it is a carrier that failed, and the next one is dialled.
   */
  #judged(thrown: unknown): NetError {
    const error = toNetError(thrown, "link", this.#options.address, "remote");
    const { reason: message, hint, address = this.#options.address } = error;
    return new NetError({
      kind: this.#wasUp && forgeable.has(error.kind) ? "refused" : error.kind,
      op: error.op,
      message,
      ...(address === undefined ? {} : { address }),
      ...(error.code === undefined ? {} : { code: error.code }),
      ...(hint === undefined ? {} : { hint }),
      blame: error.blame,
      attempts: error.attempts,
      cause: error.cause ?? error,
    });
  }

  #connected(carrier: Duplex): void {
    const records = this.#records;
    const runner = this.#runner;
    if (records === null || this.#finishing !== undefined) return carrier.abort();
    this.#records = null;
    this.#upMs = 0;
    const carrying = runner.carry(carrier, records).then((end) => this.#lost(end));
    this.#carrying = carrying;
  }

  #lost({ error }: CarrierEnd): void {
    this.#carrying = undefined;
    if (this.#finishing !== undefined || this.#closing !== undefined) return;
    const judged = error === null ? undefined : this.#judged(error);
    if (this.#upMs > 0) {
      this.#tell({
        state: "down",
        reason: judged === undefined ? "peer-end" : reasonOfError(judged),
        ...(judged === undefined ? {} : { error: judged }),
        upMs: this.#context.clock.now() - this.#upMs,
      });
    }
    this.#redialler.lost(judged);
  }

  #newRunner(): LinkRunner {
    const runner: LinkRunner = new LinkRunner({
      role: "client",
      options: this.#options,
      handlers: this.#handlers,
      context: this.#context,
      identity: this.#options.identity ?? "",
      user: {
        attached: (resent) => this.#attached(runner, resent),
        suspect: () => this.#tell({ state: "suspect" }),
        over: (code, error) => this.#over(code, error),
      },
    });
    return runner;
  }

  #attached({ peer, local }: LinkRunner, resent: number): void {
    const resumed = this.#isKnown;
    this.#isKnown = this.#wasUp = true;
    this.#upMs = this.#context.clock.now();
    this.#tell({ state: "up", resumed, resent, local, remote: peer });
    this.#firstUp.resolve();
  }

  /** The server has ended the session. One that shuts down may be followed by another. */
  #over(code: LinkCode, error: NetError): void {
    if (this.#closing !== undefined) return;
    const goesOn = this.#options.renews && (code === "shutting-down" || code === "done");
    if (goesOn) this.#renew(error);
    else void this.#finish(code === "taken-over" ? this.#takenOver() : error);
  }

  #sessionGone(): void {
    const error = new NetError({
      kind: "broken",
      op: "link",
      ...(this.#options.address === undefined ? {} : { address: this.#options.address }),
      message: "the server does not know this session any more: it was restarted",
      blame: "remote",
    });
    if (this.#options.renews) this.#renew(error);
    else {
      this.#tell({ state: "session-gone", error });
      void this.#finish(error);
    }
  }

  /** Begins a new session; whatever hung on the old one ends. */
  #renew(error: NetError): void {
    void this.#runner.end(error);
    addTally(this.#past, this.#runner.session.tally);
    this.#sessions++;
    this.#sessionId = newSessionId();
    this.#isKnown = false;
    this.#runner = this.#newRunner();
    this.#tell({ state: "session-gone", error });
  }

  #takenOver(): NetError {
    const error = new NetError({
      kind: "broken",
      op: "link",
      ...(this.#options.address === undefined ? {} : { address: this.#options.address }),
      message: "another client of the same identity has taken over",
      blame: "remote",
    });
    this.#tell({ state: "taken-over", error });
    return error;
  }

  readonly #onSignal = (): void => {
    const { reason } = this.#context.signal;
    const message = "it was told to stop";
    const error = reason instanceof NetError
      ? reason
      : new NetError({ kind: "aborted", op: "link", message, cause: reason });
    void this.#finish(error);
  };

  /** There will be no more carriers. @param error none where that was asked for */
  #finish(error?: NetError): Promise<void> {
    return this.#finishing ??= this.#end(error);
  }

  async #end(error: NetError | undefined): Promise<void> {
    const reason = error ?? closedHere();
    this.#redialler.stop();
    this.#context.signal.removeEventListener("abort", this.#onSignal);
    this.#firstUp.reject(reason);
    const tally = this.tally;
    await this.#runner.end(reason);
    this.#runner.drop(reason);
    await this.#carrying;
    await this.#runner.settled();
    this.#tell({ state: "ended", ...(error === undefined ? {} : { error }) });
    this.#events.end();
    const { error: _, ...figures } = tally;
    this.#done.resolve({ ...figures, ...(error === undefined ? {} : { error }) });
  }

  #tell(event: LinkEvent): void {
    reportThrown(() => this.#options.tell?.(event));
    this.#events.put(event);
  }
}

/** A name that nobody can guess: it is not the identity, which people choose. */
function newSessionId(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(sessionIdBytes));
}

function noNewSession(): NetError {
  const message = "the server does not know a session that was only asked for";
  return new NetError({ kind: "protocol", op: "link", message, blame: "remote" });
}

function comeAgain({ status, text }: Welcome): NetError {
  const said = text === "" ? "" : `: ${quote(text)}`;
  const message = status === "full"
    ? `the server has no place for another session${said}`
    : `the server is about to end${said}`;
  return new NetError({ kind: "limit", op: "link", message, blame: "remote" });
}
