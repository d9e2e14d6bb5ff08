/**
 * Does what the machine of a reconnection says: dials, waits, looks out for the network, and tells.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import { type ChildContext, type Context, deriveContext } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError, toNetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";
import { faultOf, givenUp } from "./reconnect_fault.ts";
import {
  type ReconnectInput,
  ReconnectMachine,
  type ReconnectOutput,
} from "./reconnect_machine.ts";
import type { ConnectionEvent, Dial, ReconnectOptions } from "./reconnect_options.ts";

/** Whom a redialler serves. */
export interface RedialHandlers {
  /** There is a connection, owned from here on. */
  connected(session: Duplex, attempt: number): void;
  /** There will be none any more. */
  gaveUp(error: NetError): void;
  /** For the events that it knows of. */
  tell(event: ConnectionEvent): void;
}

/** Dials until there is a connection, and anew after each loss. */
export class Redialler {
  readonly #dial: Dial;
  readonly #options: ReconnectOptions;
  readonly #context: Context;
  readonly #handlers: RedialHandlers;
  readonly #machine: ReconnectMachine;
  #attempt: ChildContext | undefined;
  #timer: Timer | undefined;
  #network: Disposable | undefined;
  #lastError: NetError | undefined;
  #lastBlame: "local" | "remote" = "remote";

  /** Does nothing before `start`. */
  constructor(dial: Dial, options: ReconnectOptions, context: Context, handlers: RedialHandlers) {
    this.#dial = dial;
    this.#options = options;
    this.#context = context;
    this.#handlers = handlers;
    this.#machine = new ReconnectMachine(options);
  }

  /** Its states and counts. */
  get machine(): Pick<ReconnectMachine, "state" | "attempt" | "deadlineMs" | "wasUp"> {
    return this.#machine;
  }

  /** Begins the first attempt. */
  start(): void {
    this.#step({ kind: "start" });
  }

  /** Dials at once where it waits, and anew where an attempt hangs. */
  retry(because: "asked" | "network"): void {
    this.#step({ kind: "retry", because });
  }

  /** The connection is no more. @param error undefined where the peer ended it in order */
  lost(error: NetError | undefined): void {
    this.#failed("lost", error);
  }

  /** No more attempts. Idempotent. */
  stop(): void {
    this.#step({ kind: "close" });
  }

  #failed(kind: "failed" | "lost", error: NetError | undefined): void {
    const { wasUp } = this.#machine;
    const hasHeld = this.#machine.hasHeld(this.#context.clock.now());
    const fault = error === undefined ? "remote" : faultOf(error, wasUp, hasHeld);
    this.#lastError = error;
    this.#lastBlame = fault === "local" ? "local" : "remote";
    this.#step({ kind, fault });
  }

  #step(input: ReconnectInput): void {
    const outputs: ReconnectOutput[] = [];
    this.#machine.step(input, this.#context.clock.now(), { put: (out) => outputs.push(out) });
    this.#setTimer();
    this.#watchNetwork();
    // After the step: what is done here may be the next one.
    for (const output of outputs) this.#perform(output);
  }

  #perform(output: ReconnectOutput): void {
    switch (output.kind) {
      case "dial":
        this.#handlers.tell({ state: "connecting", attempt: output.attempt });
        // Who was told may have ended it all.
        if (this.#machine.state === "dialling") this.#begin(output.attempt);
        return;
      case "cancel":
        this.#attempt?.abort(new DOMException("the attempt was let go", "AbortError"));
        this.#attempt?.[Symbol.dispose]();
        this.#attempt = undefined;
        return;
      case "wait":
        return this.#handlers.tell({
          state: "waiting",
          delayMs: output.delayMs,
          failures: this.#machine.failures,
          ...(this.#lastError === undefined ? {} : { error: this.#lastError }),
          blame: this.#lastBlame,
        });
      case "give-up":
        return this.#giveUp(output);
    }
  }

  #begin(attempt: number): void {
    const child = deriveContext(this.#context);
    this.#attempt = child;
    const isCurrent = () => {
      if (this.#attempt !== child) return false;
      this.#attempt = undefined;
      child[Symbol.dispose]();
      return true;
    };
    this.#start(child.context).then((session) => {
      if (!isCurrent()) return session.abort();
      this.#step({ kind: "connected" });
      this.#handlers.connected(session, attempt);
    }, (thrown) => {
      if (isCurrent()) this.#failed("failed", toNetError(thrown, "connect", this.#options.address));
    });
  }

  /** What `dial` throws before it waits is a failure like any other. */
  async #start(context: Context): Promise<Duplex> {
    return await this.#dial(context);
  }

  #giveUp({ failures, isFinal }: { readonly failures: number; readonly isFinal: boolean }): void {
    const { address = "" } = this.#options;
    const last = this.#lastError ?? endedAtOnce(address);
    // A final fault is told in its own words: its exit status is not that of a lost peer.
    const error = isFinal ? last : givenUp(last, failures, this.#machine.wasUp, address);
    this.#handlers.tell({ state: "given-up", error });
    this.#handlers.gaveUp(error);
  }

  #setTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { deadlineMs } = this.#machine;
    if (deadlineMs === null) return;
    const { clock } = this.#context;
    this.#timer = TimerWheel.of(clock).timer(deadlineMs - clock.now(), () => {
      this.#step({ kind: "deadline" });
    });
  }

  /** Watched only while there is no connection: one that is up has no use for it. */
  #watchNetwork(): void {
    const { state } = this.#machine;
    if (state === "dialling" || state === "waiting") {
      this.#network ??= this.#options.watchNetwork?.(() => this.retry("network"));
      return;
    }
    this.#network?.[Symbol.dispose]();
    this.#network = undefined;
  }
}

function endedAtOnce(address: string): NetError {
  const message = "the peer ended the connection soon after it was made";
  return new NetError({ kind: "broken", op: "read", address, message, blame: "remote" });
}
