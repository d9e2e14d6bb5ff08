/**
 * Services that say one thing: at once to a stream, which ends then, or in answer to each message.
 * @module
 */

import type { ByteInput, ByteMachine, ByteOutput, Sink } from "../core/machine.ts";
import type { ServiceSetup } from "./contract.ts";

/** Answers with what `say` gives at that moment; what the peer sends is thrown away. */
export class OnceMachine implements ByteMachine {
  readonly wantsDrain = false;
  readonly deadlineMs = null;
  readonly #messages: boolean;
  readonly #say: () => Uint8Array;

  /** @param say makes the answer */
  constructor({ messages }: ServiceSetup, say: () => Uint8Array) {
    this.#messages = messages;
    this.#say = say;
  }

  step(input: ByteInput, _nowMs: number, out: Sink<ByteOutput>): void {
    if (this.#messages) {
      if (input instanceof Uint8Array) out.put(this.#say());
      else if (input === "end") out.put("end");
    } else if (input === "open") {
      out.put(this.#say());
      out.put("end");
    }
  }
}
