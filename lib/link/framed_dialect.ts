/**
 * The heartbeat of two plumbs over a stream: frames of `wire/heartbeat_frame.ts`, with credit.
 * @module
 */

import { concatenate } from "../core/bytes.ts";
import type { Traits } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { BufferPool } from "../stream/buffer_pool.ts";
import {
  decodeBeat,
  decodeCredit,
  encodeBeat,
  encodeCredit,
  encodeFrame,
  type Frame,
  frameHeaderBytes,
  FrameReader,
  initialCredit,
  makePreface,
  missingPreface,
  putFrameHeader,
} from "../wire/heartbeat_frame.ts";
import { pingBytes } from "../wire/pingpong.ts";
import type { Dialect, DialectSink } from "./heartbeat_dialect.ts";
import type { Questions } from "./questions.ts";

/** A sign of life waits behind so much data at most. */
const mostAtOnce = 128 * 1024;

const packing = new BufferPool(mostAtOnce + frameHeaderBytes, 4);

/** Framed, on a stream. */
export class FramedDialect implements Dialect {
  readonly traits: Traits;
  readonly dataIsBeat = true;
  readonly hasCredit = true;
  readonly deadlineMs = null;
  peerEveryMs = Infinity;
  packed = 0;
  readonly #beat: Uint8Array;
  readonly #preface = makePreface();
  readonly #reader = new FrameReader(this.#preface);
  readonly #questions: Questions;
  readonly #windowBytes: number;
  /** Bytes of DATA that may still be sent. */
  #credit = initialCredit;
  /** Bytes of DATA that the peer may still send. */
  #granted: number;
  /** Bytes that the reader has taken and that were not granted anew yet. */
  #taken = 0;
  #packing: Uint8Array | undefined;
  #hasEnded = false;

  /**
   * @param windowBytes most data of the peer that waits for the reader
   * @param everyMs at which interval this side listens
   */
  constructor(traits: Traits, questions: Questions, windowBytes: number, everyMs: number) {
    // An end of data is a frame: it reaches the peer on whatever stream there is.
    this.traits = { ...traits, halfClose: true };
    this.#questions = questions;
    this.#windowBytes = Math.max(windowBytes, initialCredit);
    this.#granted = this.#windowBytes;
    this.#beat = encodeFrame("beat", encodeBeat({ everyMs, chance: 0 }));
  }

  get isSpoken(): boolean {
    return this.#reader.hasPreface;
  }

  /** In one write, so that the first segment says all of it. */
  hello(): Uint8Array {
    const more = this.#windowBytes - initialCredit;
    const credit = more > 0 ? [encodeFrame("credit", encodeCredit(more))] : [];
    return concatenate([this.#preface, this.#beat, ...credit]);
  }

  beat(nowMs: number): Uint8Array {
    return this.#questions.isAsking ? this.ask(nowMs) : this.#beat;
  }

  ask(nowMs: number): Uint8Array {
    return encodeFrame("ping", this.#questions.ask(nowMs, pingBytes));
  }

  pack(chunk: Uint8Array): Uint8Array | null {
    const count = Math.min(chunk.length, this.#credit, mostAtOnce);
    this.packed = count;
    if (count === 0) return null;
    this.#credit -= count;
    const buffer = this.#packing = packing.take();
    putFrameHeader(buffer, "data", count);
    buffer.set(chunk.subarray(0, count), frameHeaderBytes);
    return buffer.subarray(0, frameHeaderBytes + count);
  }

  sent(): void {
    if (this.#packing !== undefined) packing.give(this.#packing);
    this.#packing = undefined;
  }

  end(): Uint8Array {
    return encodeFrame("end");
  }

  push(chunk: Uint8Array, nowMs: number, sink: DialectSink): void {
    this.#reader.push(chunk, { put: (frame) => this.#take(frame, nowMs, sink) });
  }

  #take({ type, payload }: Frame, nowMs: number, sink: DialectSink): void {
    switch (type) {
      case "data":
        return this.#data(payload, sink);
      case "beat":
        this.peerEveryMs = decodeBeat(payload).everyMs || Infinity;
        return;
      case "ping":
        return sink.say(encodeFrame("pong", this.#questions.answer(payload)));
      case "pong": {
        const result = this.#questions.heard(payload, nowMs);
        if (result !== null) sink.answered(result.roundTripMs, result);
        return;
      }
      case "credit":
        this.#credit += decodeCredit(payload);
        if (this.#credit <= Number.MAX_SAFE_INTEGER) return;
        throw this.#broken("it gives more credit than can be counted");
      case "end":
        if (this.#hasEnded) throw this.#broken("it ends twice");
        this.#hasEnded = true;
        sink.ended();
    }
  }

  #data(bytes: Uint8Array, sink: DialectSink): void {
    if (this.#hasEnded) throw this.#broken("it sends data after its end");
    if (bytes.length > this.#granted) throw this.#broken("it sends more than it has credit for");
    this.#granted -= bytes.length;
    sink.data(bytes);
  }

  consumed(bytes: number, sink: DialectSink): void {
    this.#taken += bytes;
    // A quarter at a time: less would make a frame for every read, more would stop the sender.
    if (this.#taken < this.#windowBytes / 4 || this.#hasEnded) return;
    sink.say(encodeFrame("credit", encodeCredit(this.#taken)), true);
    this.#granted += this.#taken;
    this.#taken = 0;
  }

  finish(): void {
    if (!this.#reader.hasPreface) throw missingPreface("it ended before that");
    if (this.#hasEnded) return;
    throw new NetError({
      kind: "reset",
      op: "heartbeat",
      message: "the connection ended before the peer had said that it ends",
      blame: "remote",
    });
  }

  tick(): void {}

  #broken(message: string): NetError {
    return new NetError({ kind: "protocol", op: "heartbeat", message, blame: "remote" });
  }
}
