/**
 * Character generator (RFC 864): lines of 72 characters, each turned by one against the last.
 * @module
 */

import type { ByteInput, ByteMachine, ByteOutput, Sink } from "../core/machine.ts";
import type { ServiceRow } from "./contract.ts";

/** The ring that RFC 864 shows: the 95 printing characters of ASCII, space to tilde. */
const firstCharacter = 0x20;
const ringLength = 95;
const lineLength = 72;

/** After 95 lines of 74 bytes the pattern starts anew. */
const period = makePeriod();
/** Nine periods, about 64 KiB: one write of a stream. All sessions share it; nobody changes it. */
const block = new Uint8Array(9 * period.length);
for (let at = 0; at < block.length; at += period.length) block.set(period, at);

/** RFC 864: a datagram carries "a random number (between 0 and 512) of characters". */
const largestDatagram = 512;

function makePeriod(): Uint8Array {
  const bytes: number[] = [];
  for (let line = 0; line < ringLength; line++) {
    for (let column = 0; column < lineLength; column++) {
      bytes.push(firstCharacter + (line + column) % ringLength);
    }
    bytes.push(0x0d, 0x0a);
  }
  return Uint8Array.from(bytes);
}

/** On a stream: a source that runs as fast as the peer reads, until the peer breaks it off. */
class StreamChargen implements ByteMachine {
  readonly wantsDrain = true;
  readonly deadlineMs = null;

  step(input: ByteInput, _nowMs: number, out: Sink<ByteOutput>): void {
    // "Any data received is thrown away." A peer that only ended its sending still wants to read
    // (`nc -N host 19 < /dev/null`), so "end" changes nothing: the session ends when a write fails.
    if (input === "drain") out.put(block);
  }
}

/**
 * On datagrams: one answer to each, never longer than what was received, because the address of
 * its sender may be forged and the answer would hit somebody else, amplified (CVE-1999-0103).
 */
class DatagramChargen implements ByteMachine {
  readonly wantsDrain = false;
  readonly deadlineMs = null;
  #line = 0;

  step(input: ByteInput, _nowMs: number, out: Sink<ByteOutput>): void {
    if (input === "end") out.put("end");
    if (!(input instanceof Uint8Array)) return;
    const start = this.#line * (lineLength + 2);
    this.#line = (this.#line + 1) % ringLength;
    out.put(block.subarray(start, start + Math.min(input.length, largestDatagram)));
  }
}

/** The character generator, RFC 864. */
export const chargen: ServiceRow = {
  name: "chargen",
  summary: "sends lines of characters without end; to a datagram, as many bytes as it had",
  rfc: "RFC 864",
  port: 19,
  stream: true,
  datagram: true,
  options: [],
  make: ({ messages }) => messages ? new DatagramChargen() : new StreamChargen(),
};
