/**
 * Discard (RFC 863): what comes is thrown away, and nothing is answered.
 * @module
 */

import type { ByteInput, ByteMachine, ByteOutput, Sink } from "../core/machine.ts";
import type { ServiceRow } from "./contract.ts";

class Discard implements ByteMachine {
  readonly wantsDrain = false;
  readonly deadlineMs = null;

  step(input: ByteInput, _nowMs: number, out: Sink<ByteOutput>): void {
    if (input === "end") out.put("end");
  }
}

/** The discard service, RFC 863. */
export const discard: ServiceRow = {
  name: "discard",
  summary: "throws away what it gets",
  rfc: "RFC 863",
  port: 9,
  stream: true,
  datagram: true,
  options: [],
  make: () => new Discard(),
};
