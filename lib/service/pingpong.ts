/**
 * Ping-pong: answers each PING with a PONG, that carries this machine's clock and what the server
 * says of itself. The frames are those of `--heartbeat`, so that an end that runs it in the mode
 * pingpong finds its peer here, and `plumb ping --mode pingpong` finds either.
 * @module
 */

import { type Clock, wallMicroseconds } from "../core/clock.ts";
import { NetError } from "../core/error.ts";
import type { ByteInput, ByteMachine, ByteOutput, Sink } from "../core/machine.ts";
import type { OptionRow, OptionValue } from "../core/option.ts";
import { answerTo } from "../link/pingpong.ts";
import {
  decodeFrameMessage,
  encodeCredit,
  encodeFrame,
  encodeFrameMessage,
  type Frame,
  FrameReader,
  makePreface,
} from "../wire/heartbeat_frame.ts";
import { type PeerFacts, readSayings } from "../wire/peer_facts.ts";
import { decodePing } from "../wire/pingpong.ts";
import type { ServiceRow, ServiceSetup } from "./contract.ts";

class PingPongMachine implements ByteMachine {
  readonly wantsDrain = false;
  readonly deadlineMs = null;
  readonly #clock: Clock;
  readonly #messages: boolean;
  readonly #facts: () => PeerFacts;
  readonly #preface = makePreface();
  readonly #reader = new FrameReader(this.#preface);

  constructor({ clock, messages, options, facts = () => ({}) }: ServiceSetup) {
    this.#clock = clock;
    this.#messages = messages;
    const say = sayingsOf(options);
    this.#facts = () => ({ ...facts(), say });
  }

  /** @throws {NetError} kind "protocol" for a stream without the preface, or whose frames are none */
  step(input: ByteInput, _nowMs: number, out: Sink<ByteOutput>): void {
    if (input instanceof Uint8Array) {
      const receivedUs = wallMicroseconds(this.#clock);
      if (this.#messages) this.#message(input, receivedUs, out);
      else this.#bytes(input, receivedUs, out);
    } else if (input === "open" && !this.#messages) out.put(this.#preface);
    else if (input === "end") out.put("end");
  }

  #bytes(bytes: Uint8Array, receivedUs: number, out: Sink<ByteOutput>): void {
    let facts = this.#facts;
    let taken = 0;
    this.#reader.push(bytes, {
      put: ({ type, payload }: Frame) => {
        if (type === "ping") {
          out.put(encodeFrame("pong", this.#answer(payload, receivedUs, facts())));
          // Who asks a thousand times at once is told all of it once: the answers of one step are
          // held until they are written, and facts are a hundred times as long as a question.
          facts = () => ({});
        } else if (type === "data") taken += payload.length;
        // An end that only beats has a peer here, too; one that has no more to say likewise.
        else if (type === "beat" || type === "end") out.put(encodeFrame(type));
      },
    });
    // Data is for nobody here: it is taken and forgotten.
    if (taken > 0) out.put(encodeFrame("credit", encodeCredit(taken)));
  }

  /** A message that is no question has no answer; anybody may have sent it. */
  #message(message: Uint8Array, receivedUs: number, out: Sink<ByteOutput>): void {
    try {
      const frame = decodeFrameMessage(message);
      if (frame?.type !== "ping") return;
      const { payload } = frame;
      const answer = this.#answer(payload, receivedUs, this.#facts(), payload.length);
      out.put(encodeFrameMessage("pong", answer));
    } catch (thrown) {
      if (!(thrown instanceof NetError) || thrown.kind !== "protocol") throw thrown;
    }
  }

  #answer(
    payload: Uint8Array,
    receivedUs: number,
    facts: PeerFacts,
    room?: number,
  ): Uint8Array {
    const wallUs = () => wallMicroseconds(this.#clock);
    return answerTo(decodePing(payload), {
      receivedUs,
      wallUs,
      facts,
      ...(room === undefined ? {} : { room }),
    });
  }
}

/** What `--say` gave, a line each. */
function sayingsOf(options: Readonly<Record<string, OptionValue>>): PeerFacts["say"] & object {
  const text = options.say;
  return readSayings(typeof text === "string" ? text.split("\n") : []);
}

const say: OptionRow = {
  name: "say",
  kind: "text",
  placeholder: "KEY=VALUE",
  repeat: true,
  help: "pingpong: say this of itself to the other side; may be repeated, 16 times at most",
};

/** The ping-pong service, plumb's own. */
export const pingpong: ServiceRow = {
  name: "pingpong",
  summary: "answers pings with its clock and what it says of itself (--say)",
  rfc: null,
  port: null,
  stream: true,
  datagram: true,
  options: [say],
  check: (options) => void sayingsOf(options),
  make: (setup) => new PingPongMachine(setup),
};
