/**
 * What probers over one session have in common: requests are written in turn, answers read by a
 * loop of their own, and both end with the session.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { type ErrorKind, NetError, toNetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";
import type { ProbeEvents, Prober } from "./prober.ts";

/** What a message may meet on its way while the session stays usable. */
const passing: ReadonlySet<ErrorKind> = new Set(["refused", "unreachable", "too-large"]);

/** Answers that wait to be written. */
const mostReplies = 16;

/** How long a peer may take to end after this side has. */
const goodbyeMs = 250;

/** A prober over one session, which it owns. */
export abstract class SessionProber implements Prober {
  protected readonly session: Duplex;
  protected readonly events: ProbeEvents;
  protected readonly context: Context;
  /** What is not written yet: a stream may be full. Of requests only the numbers are held. */
  readonly #unsent: (number | Uint8Array)[] = [];
  #replies = 0;
  #writing: Promise<void> | null = null;
  #reading: Promise<void> = Promise.resolve();
  #isOver = false;
  readonly #onAbort = () => this.session.abort(this.context.signal.reason);

  protected constructor(session: Duplex, events: ProbeEvents, context: Context) {
    this.session = session;
    this.events = events;
    this.context = context;
  }

  /** Writes one request. */
  protected abstract send(sequence: number): Promise<void>;

  /** Reads answers until the session fails. */
  protected abstract receive(): Promise<void>;

  /** Begins to read; last in the constructor of who inherits. */
  protected start(): void {
    const { signal } = this.context;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#reading = this.receive().catch((thrown) => this.end(thrown));
  }

  probe(sequence: number): void {
    this.#dropGivenUp();
    this.#unsent.push(sequence);
    this.#writing ??= this.#writeAll();
  }

  /** A peer that reads nothing for days would otherwise have a number held for each request. */
  #dropGivenUp(): void {
    for (let [first] = this.#unsent; typeof first === "number"; [first] = this.#unsent) {
      if (this.events.isWaiting(first)) return;
      this.#unsent.shift();
    }
  }

  /** Writes an answer to what the peer asks. One that asks faster than it reads is not answered. */
  protected reply(bytes: Uint8Array): void {
    if (this.#replies >= mostReplies) return;
    this.#replies++;
    this.#unsent.push(bytes);
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      for (let next = this.#unsent.shift(); next !== undefined; next = this.#unsent.shift()) {
        if (typeof next !== "number") await this.#writeReply(next);
        // One that was given up while others were being written only adds to the delay.
        else if (this.events.isWaiting(next) && !this.#isOver) await this.#sendOne(next);
      }
    } catch (thrown) {
      this.end(thrown);
    } finally {
      this.#writing = null;
    }
  }

  async #writeReply(bytes: Uint8Array): Promise<void> {
    this.#replies--;
    try {
      if (!this.#isOver) await this.session.write(bytes);
    } catch (thrown) {
      // A message that does not arrive is the asker's to miss.
      if (this.#passingError(thrown) === null) throw thrown;
    }
  }

  async #sendOne(sequence: number): Promise<void> {
    try {
      await this.send(sequence);
    } catch (thrown) {
      const error = this.#passingError(thrown);
      if (error === null) throw thrown;
      this.events.failed(sequence, error);
    }
  }

  /**
   * Reads once.
   *
   * @returns null at the peer's end; "failed" where the network said that a message did not arrive
   */
  protected async readOne(into: Uint8Array): Promise<number | null | "failed"> {
    try {
      return await this.session.read(into);
    } catch (thrown) {
      const error = this.#passingError(thrown);
      if (error === null) throw thrown;
      this.events.unreached(error);
      return "failed";
    }
  }

  #passingError(thrown: unknown): NetError | null {
    if (!this.session.traits.messages || this.#isOver) return null;
    return thrown instanceof NetError && passing.has(thrown.kind) ? thrown : null;
  }

  /** What a `receive` throws at the peer's end. */
  protected peerEnded(): NetError {
    return new NetError({
      kind: "broken",
      op: "ping",
      address: this.session.remote.text,
      message: "the peer ended the connection",
      blame: "remote",
    });
  }

  /** No more can come. */
  protected end(thrown: unknown): void {
    if (this.#isOver || this.context.signal.aborted) return;
    this.#isOver = true;
    this.events.ended(toNetError(thrown, "ping", this.session.remote.text, "remote"));
  }

  /** What a stream's peer is told before its end, where the protocol has a word for it. */
  protected farewell(): Uint8Array | null {
    return null;
  }

  /** Ends the stream in order: the peer sees an end of input, and ends too. Not where it is stuck. */
  async #sayGoodbye(): Promise<void> {
    const { signal, clock } = this.context;
    if (signal.aborted || this.#isOver || this.#writing !== null) return;
    if (this.session.traits.messages) return;
    this.#isOver = true;
    const words = this.farewell();
    const said = (async () => {
      if (words !== null) await this.session.write(words);
      await this.session.closeWrite();
      await this.#reading;
    })().catch(() => {}); // it is being closed, whatever becomes of it
    const waited = Promise.withResolvers<void>();
    const timer = TimerWheel.of(clock).timer(goodbyeMs, waited.resolve);
    await Promise.race([said, waited.promise]);
    timer.cancel();
  }

  /** Closes the session and waits for both loops. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sayGoodbye();
    this.#isOver = true;
    this.#unsent.length = 0;
    this.context.signal.removeEventListener("abort", this.#onAbort);
    // A write that waits for a peer that reads nothing would never settle by itself.
    if (this.#writing !== null) this.session.abort();
    await this.session[Symbol.asyncDispose]();
    await this.#writing;
    await this.#reading;
  }
}
