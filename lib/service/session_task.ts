/**
 * Incoming -> SessionOutcome: one session of a server from its handshake to its closing.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Incoming } from "../core/contract.ts";
import { toNetError } from "../core/error.ts";
import { type Reason, reasonOfSignal, SessionEnd } from "../core/reason.ts";
import { reasonOfError } from "../stream/relay.ts";
import type { SessionOutcome } from "./contract.ts";
import type { SessionHandler, SessionInfo } from "./policy.ts";

/** One session of a server. */
export class SessionTask {
  readonly #incoming: Incoming;
  readonly #info: SessionInfo;
  readonly #context: Context;
  /** Of its own, not derived: thousands of listeners on one signal would make each slow to remove. */
  readonly #controller = new AbortController();
  #session: Duplex | undefined;

  constructor(incoming: Incoming, info: SessionInfo, context: Context) {
    this.#incoming = incoming;
    this.#info = info;
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
    this.#session?.abort(end);
  }

  /** True once `cut` was called. */
  get wasCut(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Runs it to its end. Never throws. */
  async run(handler: SessionHandler): Promise<SessionOutcome> {
    const startMs = this.#context.clock.now();
    this.#say("open", "open");
    const outcome = await this.#serve(handler);
    // Thousandths: what the clock gives beyond them is noise of its fractions.
    const durationMs = Math.round((this.#context.clock.now() - startMs) * 1000) / 1000;
    const { reason, bytesIn, bytesOut } = outcome;
    this.#say("close", reason, { bytesIn, bytesOut, durationMs, reason });
    return outcome;
  }

  async #serve(handler: SessionHandler): Promise<SessionOutcome> {
    const { signal } = this.#controller;
    let outcome: SessionOutcome;
    try {
      this.#session = await this.#incoming.settle(this.#context);
      if (signal.aborted) this.#session.abort(signal.reason);
      outcome = await handler(this.#session, this.#context, this.#info);
    } catch (thrown) {
      outcome = this.#failed(thrown);
    }
    await this.#close();
    // What a handler makes of being cut is a consequence, not the reason.
    return signal.aborted ? { ...outcome, reason: reasonOfSignal(signal) } : outcome;
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
    if (!this.wasCut || isBug) {
      const fields = { id, code: error.code, error: thrown };
      const level = isBug ? "error" : "info";
      this.#context.log.write(level, "session-error", `session ${id}: ${error.message}`, fields);
    }
    return { reason: reasonOfError(error), error, bytesIn: 0, bytesOut: 0 };
  }

  #say(state: "open" | "close", word: string, facts: Readonly<Record<string, unknown>> = {}): void {
    const { log } = this.#context;
    if (!log.enabled("info")) return;
    const { id, listener } = this.#info;
    const peer = this.#incoming.remote.text;
    const local = listener.local.text;
    const text = state === "open"
      ? `session ${id}: ${peer || "nameless peer"} at ${local}`
      : `session ${id}: ${word}, ${facts.bytesIn} bytes in, ${facts.bytesOut} out, ` +
        `${facts.durationMs} ms`;
    log.write("info", "session", text, { state, id, peer, local, ...facts });
  }
}
