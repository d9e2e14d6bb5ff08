/**
 * Echo (RFC 862): what comes is sent back.
 * @module
 */

import type { ByteInput, ByteMachine, ByteOutput, Sink } from "../core/machine.ts";
import type { ServiceRow } from "./contract.ts";

class Echo implements ByteMachine {
  readonly wantsDrain = false;
  readonly deadlineMs = null;

  step(input: ByteInput, _nowMs: number, out: Sink<ByteOutput>): void {
    if (input instanceof Uint8Array) out.put(input);
    // RFC 862: "once a connection is established any data received is sent back ... until the
    // calling user terminates the connection"; half-close ends the answer after its last byte.
    else if (input === "end") out.put("end");
  }
}

/** The echo service, RFC 862. An empty datagram is answered by an empty one. */
export const echo: ServiceRow = {
  name: "echo",
  summary: "sends back what it gets",
  rfc: "RFC 862",
  port: 7,
  stream: true,
  datagram: true,
  options: [],
  make: () => new Echo(),
};
