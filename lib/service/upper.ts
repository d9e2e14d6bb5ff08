/**
 * The server of every sockets course: what comes goes back in upper case.
 * @module
 */

import type { ByteInput, ByteMachine, ByteOutput, Sink } from "../core/machine.ts";
import type { ServiceRow } from "./contract.ts";
import { Utf8Upper } from "./utf8_upper.ts";

/** Changes the letters a to z in place; every other byte, also of other encodings, stays. */
function upperAscii(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x61 && byte <= 0x7a) bytes[at] = byte - 0x20;
  }
  return bytes;
}

class AsciiMachine implements ByteMachine {
  readonly wantsDrain = false;
  readonly deadlineMs = null;

  step(input: ByteInput, _nowMs: number, out: Sink<ByteOutput>): void {
    if (input instanceof Uint8Array) out.put(upperAscii(input));
    else if (input === "end") out.put("end");
  }
}

class Utf8Machine implements ByteMachine {
  readonly wantsDrain = false;
  readonly deadlineMs = null;
  readonly #messages: boolean;
  readonly #upper = new Utf8Upper();

  constructor(messages: boolean) {
    this.#messages = messages;
  }

  step(input: ByteInput, _nowMs: number, out: Sink<ByteOutput>): void {
    if (input instanceof Uint8Array) {
      const text = this.#upper.push(input);
      // A message is whole: what is cut off at its end is not continued by the next one.
      if (this.#messages) out.put(join(text, this.#upper.finish()));
      else if (text.length > 0) out.put(text);
    } else if (input === "end") {
      const rest = this.#upper.finish();
      if (rest.length > 0) out.put(rest);
      out.put("end");
    }
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (b.length === 0) return a;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The upper-case service. */
export const upper: ServiceRow = {
  name: "upper",
  summary: "sends back what it gets in upper case",
  rfc: null,
  port: null,
  stream: true,
  datagram: true,
  options: [{
    name: "utf8",
    kind: "flag",
    help: "all letters of Unicode, in UTF-8, not only a to z (default off)",
  }],
  make: ({ messages, options }) =>
    options.utf8 === true ? new Utf8Machine(messages) : new AsciiMachine(),
};
