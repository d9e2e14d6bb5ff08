/**
 * The heartbeat of two plumbs over messages: one type byte before each. What is lost is lost, as
 * without a heartbeat; the end of data is said again with every beat, because it can be lost, too.
 * @module
 */

import type { Traits } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import {
  decodeBeat,
  decodeFrameMessage,
  encodeBeat,
  encodeFrameMessage,
  missingPreface,
} from "../wire/heartbeat_frame.ts";
import { pingBytes, roomyPingBytes } from "../wire/pingpong.ts";
import type { Dialect, DialectSink } from "./heartbeat_dialect.ts";
import type { Questions } from "./questions.ts";

/** Framed, on a session of messages. */
export class MessageDialect implements Dialect {
  readonly traits: Traits;
  readonly dataIsBeat = true;
  readonly hasCredit = false;
  readonly deadlineMs = null;
  peerEveryMs = Infinity;
  packed = 0;
  isSpoken = false;
  readonly #questions: Questions;
  readonly #chance = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  readonly #beat: Uint8Array;
  #hasSaidEnd = false;
  #hasEnded = false;

  /** @param everyMs at which interval this side listens */
  constructor(traits: Traits, questions: Questions, everyMs: number) {
    const { maximumMessage } = traits;
    this.traits = maximumMessage === undefined
      ? traits
      : { ...traits, maximumMessage: Math.max(0, maximumMessage - 1) };
    this.#questions = questions;
    this.#beat = encodeFrameMessage("beat", encodeBeat({ everyMs, chance: this.#chance }));
  }

  /** A datagram server knows of nobody before the first datagram: it is told at once. */
  hello(): Uint8Array {
    return this.#beat;
  }

  beat(nowMs: number): Uint8Array {
    if (this.#hasSaidEnd) return this.end();
    return this.#questions.isAsking ? this.ask(nowMs) : this.#beat;
  }

  ask(nowMs: number): Uint8Array {
    // An answer is no longer than its question (see pingpong.ts): facts want a long one.
    const bytes = this.#questions.isAsking ? roomyPingBytes : pingBytes * 3;
    return encodeFrameMessage("ping", this.#questions.ask(nowMs, bytes));
  }

  pack(chunk: Uint8Array): Uint8Array {
    this.packed = chunk.length;
    return encodeFrameMessage("data", chunk);
  }

  sent(): void {}

  end(): Uint8Array {
    this.#hasSaidEnd = true;
    return encodeFrameMessage("end");
  }

  push(message: Uint8Array, nowMs: number, sink: DialectSink): void {
    const frame = decodeFrameMessage(message);
    this.isSpoken = true;
    if (frame === null) return;
    const { type, payload } = frame;
    switch (type) {
      case "data":
        return sink.data(payload);
      case "beat":
        return this.#beaten(payload);
      case "ping":
        return sink.say(
          encodeFrameMessage("pong", this.#questions.answer(payload, payload.length)),
        );
      case "pong": {
        const result = this.#questions.heard(payload, nowMs);
        if (result !== null) sink.answered(result.roundTripMs, result);
        return;
      }
      case "credit":
        throw new NetError({
          kind: "protocol",
          op: "heartbeat",
          message: "there is no CREDIT between messages",
          blame: "remote",
        });
      case "end":
        if (!this.#hasEnded) sink.ended();
        this.#hasEnded = true;
    }
  }

  #beaten(payload: Uint8Array): void {
    const { everyMs, chance } = decodeBeat(payload);
    if (chance === this.#chance) throw missingPreface("it only sends back what it gets");
    this.peerEveryMs = everyMs || Infinity;
  }

  finish(sink: DialectSink): void {
    if (!this.#hasEnded) sink.ended();
    this.#hasEnded = true;
  }

  consumed(): void {}

  tick(): void {}
}
