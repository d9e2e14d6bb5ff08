/**
 * The server of a link: lets carriers in, and keeps sessions that outlive them. It never opens an
 * address: it is handed carriers that somebody has accepted.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import { type ChildContext, type Context, deriveContext } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import { EventStream } from "../core/event_stream.ts";
import { type Reason, reasonOfSignal } from "../core/reason.ts";
import { TimerWheel } from "../core/wheel.ts";
import { reportThrown } from "../core/uncaught.ts";
import { reasonOfError } from "../stream/relay.ts";
import type { LinkCode } from "../wire/link_code.ts";
import type { Hello, Welcome, WelcomeStatus } from "../wire/link_hello.ts";
import { encodeRefusal } from "../wire/link_preamble.ts";
import { LinkAdmission } from "./link_admission.ts";
import type { CarrierFlows } from "./link_carrier.ts";
import { closeInOrder } from "./link_closing.ts";
import { greetClient, type ServerGreeting } from "./link_greeting.ts";
import type { LinkSecurity } from "./link_handshake.ts";
import type {
  CarrierReport,
  LinkHandlers,
  LinkServerEvent,
  LinkServerOptions,
  LinkServerSession,
} from "./link_options.ts";
import { retentionOf } from "./link_retention.ts";
import { LinkRunner } from "./link_runner.ts";

/** Sessions that were taken over are remembered, so that their clients are told; at most so many. */
const rememberedSessions = 1_024;

/** A session and what the server knows of it. */
interface Kept {
  readonly id: number;
  readonly key: string;
  readonly runner: LinkRunner;
  /** Set while it has no carrier: then it is forgotten. */
  forgetting: Timer | undefined;
  carrying: Promise<unknown> | undefined;
  carrier: Duplex | undefined;
  isOver: boolean;
}

/**
 * Serves any number of clients, each with one session. `listenLink` is the same by address.
 *
 * @example Whoever accepts hands its connections in
 * ```ts
 * import { LinkServer, listen, makeContext } from "@plumb/plumb";
 *
 * const key = crypto.getRandomValues(new Uint8Array(32));
 * await using server = new LinkServer({ key }, {}, makeContext());
 * await using door = await listen("tcp://127.0.0.1:0");
 * queueMicrotask(() => door[Symbol.asyncDispose]()); // a real one stays open
 * for await (const carrier of door) void server.serve(carrier);
 * console.log(server.sessions.length); // 0
 * ```
 */
export class LinkServer implements AsyncDisposable {
  /** What happens, for any number of readers; it ends with the server. */
  readonly events: AsyncIterable<LinkServerEvent>;
  readonly #options: LinkServerOptions;
  readonly #handlers: LinkHandlers;
  readonly #child: ChildContext;
  readonly #context: Context;
  readonly #security: LinkSecurity;
  readonly #admission: LinkAdmission;
  readonly #events: EventStream<LinkServerEvent>;
  readonly #sessions = new Map<string, Kept>();
  readonly #takenOver = new Set<string>();
  readonly #retentionMs: number;
  #lastId = 0;
  #isClosing = false;
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Does nothing before `serve`.
   *
   * @throws {NetError} kind "usage" for a retention of more than its limit
   */
  constructor(options: LinkServerOptions, handlers: LinkHandlers, context: Context) {
    this.#options = options;
    this.#handlers = handlers;
    this.#child = deriveContext(context);
    this.#context = this.#child.context;
    this.#security = { key: options.key, seals: options.seals ?? true };
    this.#admission = new LinkAdmission(context);
    this.#events = new EventStream(context.limits["event-queue"]);
    this.events = this.#events;
    this.#retentionMs = retentionOf(options.retentionMs, context.limits);
  }

  /** The sessions that there are, those without a carrier included. */
  get sessions(): readonly LinkServerSession[] {
    return [...this.#sessions.values()].map(({ id, runner }) => ({
      id,
      identity: runner.identity,
      remote: runner.isCarried ? runner.peer : null,
      channels: runner.channels,
      tally: runner.session.tally,
    }));
  }

  /**
   * Serves one accepted carrier to its end, and closes it. Never rejects: what went wrong is in the
   * report. Fits into the `Gate` of a server as what serves a session.
   *
   * @param context its signal cuts the carrier; the session outlives it, unless the server drains: then
   * the client is told, for which it has the time of the limit `close-linger`
   * @param watch takes where what has passed so far can be looked up
   */
  async serve(
    carrier: Duplex,
    { signal }: Pick<Context, "signal"> = this.#context,
    watch?: (flows: Readonly<CarrierFlows>) => void,
  ): Promise<CarrierReport> {
    let late: Timer | undefined;
    const cut = () => {
      const kept = this.#isClosing ? this.#carriedBy(carrier) : undefined;
      if (kept === undefined) return carrier.abort(signal.reason);
      // Or its client would wait for a session that nobody has any more.
      kept.runner.goodbye("shutting-down", "");
      const { clock, limits } = this.#context;
      late = TimerWheel.of(clock).timer(limits["close-linger"], () => carrier.abort(signal.reason));
    };
    if (signal.aborted) cut();
    else signal.addEventListener("abort", cut, { once: true });
    try {
      const report = await this.#serve(carrier, watch);
      return signal.aborted ? { ...report, reason: reasonOfSignal(signal) } : report;
    } finally {
      late?.cancel();
      signal.removeEventListener("abort", cut);
    }
  }

  #carriedBy(carrier: Duplex): Kept | undefined {
    return [...this.#sessions.values()].find((kept) => kept.carrier === carrier);
  }

  async #serve(
    carrier: Duplex,
    watch?: (flows: Readonly<CarrierFlows>) => void,
  ): Promise<CarrierReport> {
    let greeting: ServerGreeting | null;
    try {
      greeting = await this.#greet(carrier);
    } catch (thrown) {
      const error = toNetError(thrown, "link", carrier.remote.text, "remote");
      await carrier[Symbol.asyncDispose]();
      this.#tell({ state: "refused", remote: carrier.remote, error });
      return reportOf(error);
    }
    const kept = greeting === null ? null : await this.#claim(greeting.hello);
    // It may have been taken over in the very turn in which it was claimed.
    if (greeting === null || kept === null || kept.isOver) {
      await carrier[Symbol.asyncDispose]();
      return reportOf(null);
    }
    // A carrier can be late: its client has given it up, and is here by another already.
    const { session } = kept.runner;
    if (session.tally.carriers > 0 && !session.admits(greeting.first)) {
      await carrier[Symbol.asyncDispose]();
      return reportOf(null);
    }
    return await this.#carry(kept, carrier, greeting, watch);
  }

  async #greet(carrier: Duplex): Promise<ServerGreeting | null> {
    if (carrier.traits.messages) {
      const message = "a link needs a stream to be carried by";
      throw new NetError({ kind: "usage", op: "link", message });
    }
    try {
      this.#admission.enter(carrier);
    } catch (thrown) {
      await carrier.write(encodeRefusal("busy", toNetError(thrown, "link").reason)).catch(() => {});
      throw thrown;
    }
    let hasFailed = true;
    try {
      const decide = (hello: Hello) => this.#welcome(hello);
      const greeting = await greetClient(carrier, this.#security, decide, this.#context);
      hasFailed = false;
      return greeting;
    } finally {
      this.#admission.release(carrier, hasFailed);
    }
  }

  /** What to answer. Only looks: the hello may be a replay. */
  #welcome({ session, identity, resumes }: Hello): Welcome {
    const key = session.toHex();
    const kept = this.#sessions.get(key);
    const received = kept?.runner.session.received ?? 0;
    const [status, text] = this.#status(key, kept, identity, resumes);
    return { status, features: 0, received, text };
  }

  #status(
    key: string,
    kept: Kept | undefined,
    identity: string,
    resumes: boolean,
  ): readonly [WelcomeStatus, string] {
    if (this.#isClosing) return ["draining", ""];
    if (this.#takenOver.has(key)) return ["taken-over", ""];
    // A client whose first carrier broke before it heard of us is new once more, and known.
    if (kept !== undefined && kept.runner.identity === identity) return ["ready", ""];
    if (resumes || kept !== undefined) return ["session-gone", ""];
    const most = this.#context.limits["link-sessions"];
    const replaced = this.#sameIdentity(identity).length;
    if (this.#sessions.size - replaced >= most) return ["full", `${most} sessions`];
    return ["ready", ""];
  }

  #sameIdentity(identity: string): Kept[] {
    if (identity === "") return [];
    return [...this.#sessions.values()].filter(({ runner }) => runner.identity === identity);
  }

  /**
   * The session of a client that has proved itself: its own, or a new one that takes the place of
   * what its identity had before.
   *
   * @returns null where what was decided does not hold any more: the client will come again
   */
  async #claim(hello: Hello): Promise<Kept | null> {
    const key = hello.session.toHex();
    if (this.#welcome(hello).status !== "ready") return null;
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const before = this.#sameIdentity(hello.identity);
    const kept = this.#make(key, hello.identity);
    // Listeners of the old session first: the new one will want the same ports.
    await Promise.all(before.map((old) => this.#replace(old)));
    return kept.isOver ? null : kept;
  }

  #make(key: string, identity: string): Kept {
    const id = ++this.#lastId;
    const runner = new LinkRunner({
      role: "server",
      options: this.#options,
      handlers: this.#handlers,
      context: this.#context,
      identity,
      user: {
        attached: (resent) => this.#attached(kept, resent),
        suspect: () => {},
        over: (code, error) => void this.#over(kept, code, error),
      },
    });
    const kept: Kept = {
      id,
      key,
      runner,
      forgetting: undefined,
      carrying: undefined,
      carrier: undefined,
      isOver: false,
    };
    this.#sessions.set(key, kept);
    return kept;
  }

  /** A newer session of the same identity wins at once. The client of this one is told, later too. */
  async #replace(old: Kept): Promise<void> {
    const message = "another client of the same identity has taken over";
    const error = new NetError({ kind: "broken", op: "link", message, blame: "remote" });
    this.#takenOver.add(old.key);
    for (const oldest of this.#takenOver) {
      if (this.#takenOver.size <= rememberedSessions) break;
      this.#takenOver.delete(oldest);
    }
    old.runner.goodbye("taken-over", "");
    const closed = this.#over(old, "taken-over", error);
    // A carrier that is dead says nothing any more: nobody waits for it.
    const { carrying } = old;
    if (carrying !== undefined) void closeInOrder(old.runner, carrying, this.#context);
    await closed;
  }

  async #carry(
    kept: Kept,
    carrier: Duplex,
    greeting: ServerGreeting,
    watch?: (flows: Readonly<CarrierFlows>) => void,
  ): Promise<CarrierReport> {
    kept.forgetting?.cancel();
    kept.forgetting = undefined;
    const carrying = kept.runner.carry(carrier, greeting.records, greeting.first);
    kept.carrying = carrying;
    kept.carrier = carrier;
    if (kept.runner.flows !== undefined) watch?.(kept.runner.flows);
    const { error, flows } = await carrying;
    if (kept.carrying === carrying) this.#dropped(kept, error);
    return { ...reportOf(error), ...flows };
  }

  #attached({ id, runner }: Kept, _resent: number): void {
    const { identity, peer: remote, session } = runner;
    this.#tell({ state: "up", id, identity, remote, resumed: session.tally.carriers > 1 });
  }

  /** Its carrier is no more, and no other has come. */
  #dropped(kept: Kept, error: NetError | null): void {
    kept.carrying = kept.carrier = undefined;
    if (kept.isOver) return;
    this.#tell({ state: "down", id: kept.id, ...(error === null ? {} : { error }) });
    kept.forgetting = TimerWheel.of(this.#context.clock).timer(this.#retentionMs, () => {
      const message = `its client did not come back within ${this.#retentionMs / 1000} s`;
      const gone = new NetError({ kind: "dead", op: "link", message, blame: "remote" });
      void this.#over(kept, "forgotten", gone);
    });
  }

  /** The session is over: forgotten here, its listeners closed. */
  async #over(kept: Kept, code: LinkCode | "forgotten", error: NetError): Promise<void> {
    if (kept.isOver) return;
    kept.isOver = true;
    kept.forgetting?.cancel();
    this.#sessions.delete(kept.key);
    const closed = kept.runner.end(error);
    this.#tell({ state: "over", id: kept.id, code, ...(code === "done" ? {} : { error }) });
    await closed;
  }

  #tell(event: LinkServerEvent): void {
    reportThrown(() => this.#options.tell?.(event));
    this.#events.put(event);
  }

  /**
   * Lets nobody in any more, opens nothing more, and ends each session in order once it has no
   * channels. Idempotent.
   */
  drain(): Promise<void> {
    return this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#sessions.values()].map(async (kept) => {
      await kept.runner.drain();
      if (!kept.isOver) await this.#end(kept);
    }));
  }

  /** Lets nobody in any more, says goodbye to every client, and closes every session. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    const all = [...this.#sessions.values()];
    await Promise.all(all.map((kept) => this.#end(kept)));
    const error = new NetError({ kind: "aborted", op: "link", message: "the server has ended" });
    this.#child.abort(error); // handshakes that are still under way
    this.#child[Symbol.dispose]();
    this.#events.end();
  }

  async #end(kept: Kept): Promise<void> {
    const { runner, carrying } = kept;
    if (carrying !== undefined) {
      await closeInOrder(runner, carrying, this.#context, "shutting-down");
    }
    const message = "the server has ended";
    const error = new NetError({ kind: "aborted", op: "link", message });
    await this.#over(kept, "shutting-down", error);
    await runner.settled();
  }
}

function reportOf(error: NetError | null): CarrierReport {
  const flows = { bytesIn: 0, bytesOut: 0 };
  if (error === null) return { reason: "peer-end", ...flows };
  const reason: Reason = error.kind === "aborted" ? "local-end" : reasonOfError(error);
  return { reason, error, ...flows };
}
