/**
 * Incoming -> SessionOutcome: one session of a server from its handshake to its closing.
 * @module
 */

import { AbortSource } from "../core/abort.ts";
import type { Context } from "../core/context.ts";
import type { Duplex, Incoming } from "../core/contract.ts";
import { toNetError } from "../core/error.ts";
import { type Reason, reasonOfSignal, SessionEnd } from "../core/reason.ts";
import { expectFirstByte } from "../stream/first_byte.ts";
import { reasonOfError } from "../stream/relay.ts";
import type { SessionOutcome } from "./contract.ts";
import type { AcceptPolicy, SessionFlows, SessionHandler, SessionInfo } from "./policy.ts";

/** Who is told how a session went. */
export type SessionEnded = (id: number, outcome: SessionOutcome) => void;

/** One session of a server. */
export class SessionTask {
  readonly #incoming: Incoming;
  readonly #info: SessionInfo;
  readonly #context: Context;
  /** Of its own, not derived: thousands of listeners on one signal would make each slow to remove. */
  readonly #controller = new AbortSource();
  readonly #firstByteMs: number | undefined;
  readonly #cutsItself: boolean;
  #session: Duplex | undefined;
  /** What has passed so far; none before the handler says it. */
  flows: SessionFlows = { bytesIn: 0, bytesOut: 0 };

  /**
   * @param policy `firstByteMs`: the peer must have sent something after so long; without it, never
   */
  constructor(
    incoming: Incoming,
    info: SessionInfo,
    context: Context,
    { firstByteMs, cutsItself = false }: Pick<AcceptPolicy, "firstByteMs" | "cutsItself"> = {},
  ) {
    this.#incoming = incoming;
    this.#info = { ...info, watch: (live) => this.flows = live };
    this.#firstByteMs = firstByteMs;
    this.#cutsItself = cutsItself;
    this.#context = { ...context, signal: this.#controller.signal };
  }

  /** True where ending the server waits for it: a datagram session has no connection to end. */
  get holdsDrain(): boolean {
    return !this.#info.listener.datagrams;
  }

  /** Ends it now. A handler that does not look at its signal finds the session closed. */
  cut(reason: Reason): void {
    if (this.#controller.signal.aborted) return;
    const end = new SessionEnd(reason);
    this.#controller.abort(end);
    if (!this.#cutsItself) this.#session?.abort(end);
  }

  /**
   * Runs it to its end. Never throws. While the handler serves, no frame of an async function waits
   * for it, and no promise follows another: of thousands of idle sessions those were most of what
   * each held. (A `then` that returns the handler's promise holds 260 bytes until that one settles.)
   *
   * @param ended told how it went, when all is closed; in place of a `then` for each session
   */
  run(handler: SessionHandler, ended?: SessionEnded): Promise<SessionOutcome> {
    return new Promise((resolve) => {
      const over = (outcome: SessionOutcome) => resolve(this.#over(outcome, ended));
      const failed = (thrown: unknown) => over(this.#failed(thrown));
      this.#settled().then((session) => {
        handler(session, this.#context, this.#info).then(over, failed);
      }).catch(failed);
    });
  }

  async #settled(): Promise<Duplex> {
    const { signal } = this.#context;
    const session = this.#watched(await this.#incoming.settle(this.#context));
    this.#session = session;
    if (signal.aborted) session.abort(signal.reason);
    return session;
  }

  async #over(outcome: SessionOutcome, ended?: SessionEnded): Promise<SessionOutcome> {
    await this.#close();
    const { signal } = this.#context;
    const { bytesIn, bytesOut } = outcome;
    // What a handler makes of being cut is a consequence, not the reason.
    const told = signal.aborted ? { reason: reasonOfSignal(signal), bytesIn, bytesOut } : outcome;
    ended?.(this.#info.id, told);
    return told;
  }

  /** A peer that says nothing at all holds its place for the time of --first-byte, not for ever. */
  #watched(session: Duplex): Duplex {
    const { clock } = this.#context;
    const withinMs = this.#firstByteMs;
    if (withinMs === undefined) return session;
    return expectFirstByte(session, withinMs, clock, () => this.cut("idle"));
  }

  async #close(): Promise<void> {
    try {
      if (this.#session === undefined) this.#incoming.reject();
      else await this.#session[Symbol.asyncDispose]();
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #failed(thrown: unknown): SessionOutcome {
    const error = toNetError(thrown, "serve", this.#incoming.remote.text, "remote");
    const { id } = this.#info;
    // What nobody foresaw is a bug, and is shown whatever the level; a lost peer is everyday.
    const isBug = error.kind === "unexpected";
    if (!this.#controller.signal.aborted || isBug) {
      const fields = { id, code: error.code, error: thrown };
      const level = isBug ? "error" : "info";
      this.#context.log.write(level, "session-error", `session ${id}: ${error.message}`, fields);
    }
    const { bytesIn, bytesOut } = this.flows; // what was counted once must not be taken back
    return { reason: reasonOfError(error), error, bytesIn, bytesOut };
  }
}
