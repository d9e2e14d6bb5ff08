/**
 * Round trips over an echo service (RFC 862), every byte compared: on a stream one connection for
 * all requests, on messages one message each.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { ProbePattern } from "./probe_pattern.ts";
import type { ProbeEvents, Prober } from "./prober.ts";
import { SessionProber } from "./session_prober.ts";

/** Longest message that is read; UDP has none that is longer. */
const longestMessage = 65_536;

/** Sends requests to an echo service. */
export class EchoProber extends SessionProber implements Prober {
  readonly #pattern: ProbePattern;
  readonly #request: Uint8Array;
  /** Streams: requests whose echo has not come back whole, in the order of writing. */
  readonly #written: number[] = [];
  /** Streams: bytes of the first of them that have come back. */
  #returned = 0;

  /**
   * @param session owned from here on
   * @param size bytes of a request; on messages at least 4
   */
  constructor(session: Duplex, size: number, seed: number, events: ProbeEvents, context: Context) {
    super(session, events, context);
    this.#pattern = new ProbePattern(size, seed);
    this.#request = new Uint8Array(size);
    this.start();
  }

  protected override async send(sequence: number): Promise<void> {
    this.#pattern.fill(sequence, this.#request);
    // Before it is written: an echo may come back while the last of it is on its way out.
    if (!this.session.traits.messages) this.#written.push(sequence);
    await this.session.write(this.#request);
  }

  protected override async receive(): Promise<void> {
    const { messages } = this.session.traits;
    const into = new Uint8Array(messages ? longestMessage : 64 * 1024);
    for (;;) {
      const count = await this.readOne(into);
      if (count === null) throw this.peerEnded();
      if (count === "failed") continue;
      const part = into.subarray(0, count);
      if (messages) this.#message(part);
      else this.#bytes(part);
    }
  }

  #message(message: Uint8Array): void {
    const sequence = this.#pattern.sequenceOf(message);
    const difference = this.#pattern.difference(sequence, 0, message, true);
    if (difference === null) this.events.answered(sequence);
    else this.events.differed(this.events.isWaiting(sequence) ? sequence : null, difference);
  }

  #bytes(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const sequence = this.#written[0];
      const { size } = this.#pattern;
      if (sequence === undefined) {
        this.events.differed(null, { offset: 0, sent: null, received: bytes[at] ?? null });
        throw this.#outOfStep();
      }
      const part = bytes.subarray(at, at + size - this.#returned);
      const difference = this.#pattern.difference(sequence, this.#returned, part, false);
      if (difference !== null) {
        this.events.differed(sequence, difference);
        throw this.#outOfStep();
      }
      at += part.length;
      this.#returned += part.length;
      if (this.#returned < size) return;
      this.#returned = 0;
      this.#written.shift();
      this.events.answered(sequence);
    }
  }

  /** On a stream nothing says where the next echo would begin. */
  #outOfStep(): NetError {
    return new NetError({
      kind: "result",
      op: "ping",
      address: this.session.remote.text,
      message: "what came back is not what was sent",
      hint: "an echo service must answer there: plumb serve echo",
      blame: "remote",
    });
  }
}
