/**
 * The heartbeat of a foreign peer: a text that is sent, and lines that are no data.
 * @module
 */

import type { Traits } from "../core/contract.ts";
import { LinearPattern } from "../core/linear_pattern.ts";
import type { Dialect, DialectSink } from "./heartbeat_dialect.ts";
import { HeartbeatLines, textOf } from "./heartbeat_lines.ts";

const newline = 0x0a;
const nothing = new Uint8Array(0);

/** A sign of life waits behind so much data at most. */
const mostAtOnce = 128 * 1024;

/** What a text heartbeat is made of. */
export interface TextHeartbeat {
  readonly everyMs: number;
  readonly send?: Uint8Array;
  readonly expect?: RegExp;
  readonly strip?: boolean;
  /** Longest line in bytes (the limit `line`). */
  readonly longestLine: number;
}

/** Text, on a stream or on messages. */
export class TextDialect implements Dialect {
  readonly traits: Traits;
  readonly peerEveryMs = Infinity;
  readonly dataIsBeat = false;
  readonly isSpoken = true;
  readonly hasCredit = false;
  packed = 0;
  readonly #send: Uint8Array | undefined;
  readonly #expect: LinearPattern | undefined;
  readonly #lines: HeartbeatLines | undefined;
  readonly #everyMs: number;
  /** A text that is a line must not land within another line. */
  readonly #isLine: boolean;
  #isWithinLine = false;
  /** Since when a sign of life waits for the end of a line. */
  #waitsSinceMs: number | undefined;
  /** When the last one was sent, while it has no answer. */
  #askedMs: number | undefined;
  #answeredMs: number | undefined;

  constructor(traits: Traits, { everyMs, send, expect, strip, longestLine }: TextHeartbeat) {
    this.traits = traits;
    this.#everyMs = everyMs;
    this.#send = send;
    this.#isLine = send?.at(-1) === newline && !traits.messages;
    if (expect === undefined || strip === false) return;
    if (traits.messages) this.#expect = new LinearPattern(expect);
    else this.#lines = new HeartbeatLines(expect, longestLine, () => this.#found());
  }

  #found(): void {
    this.#answeredMs = this.#askedMs;
    this.#askedMs = undefined;
  }

  /** Foreign peers may have something to say first: nothing is sent before the first interval. */
  hello(): null {
    return null;
  }

  beat(nowMs: number): Uint8Array | null {
    if (this.#send === undefined) return null;
    if (this.#isLine && this.#isWithinLine) {
      this.#waitsSinceMs ??= nowMs;
      // A line that is never finished would silence the heartbeat for good, and so end the session.
      if (nowMs < this.#waitsSinceMs + this.#everyMs) return null;
    }
    this.#waitsSinceMs = undefined;
    this.#askedMs ??= nowMs;
    return this.#send;
  }

  ask(nowMs: number): Uint8Array | null {
    return this.beat(nowMs);
  }

  pack(chunk: Uint8Array): Uint8Array {
    const whole = this.traits.messages || chunk.length <= mostAtOnce;
    const bytes = whole ? chunk : chunk.subarray(0, mostAtOnce);
    this.packed = bytes.length;
    this.#isWithinLine = bytes.length === 0 ? this.#isWithinLine : bytes.at(-1) !== newline;
    return bytes;
  }

  sent(): void {}

  end(): null {
    return null;
  }

  push(chunk: Uint8Array, nowMs: number, sink: DialectSink): void {
    if (this.#lines !== undefined) this.#lines.push(chunk, nowMs, (bytes) => sink.data(bytes));
    else if (this.#isBeat(chunk)) this.#found();
    else sink.data(chunk);
    if (this.#answeredMs === undefined) return;
    sink.answered(Math.max(0, nowMs - this.#answeredMs));
    this.#answeredMs = undefined;
  }

  /** A message is a heartbeat as a whole. */
  #isBeat(message: Uint8Array): boolean {
    if (this.#expect === undefined) return false;
    const text = textOf(nothing, message);
    return !text.includes("\n") && this.#expect.test(text);
  }

  finish(sink: DialectSink): void {
    this.#lines?.finish((bytes) => sink.data(bytes));
    sink.ended();
  }

  consumed(): void {}

  get deadlineMs(): number | null {
    const heldMs = this.#lines?.deadlineMs ?? null;
    const waitsMs = this.#waitsSinceMs === undefined ? null : this.#waitsSinceMs + this.#everyMs;
    if (heldMs === null || waitsMs === null) return heldMs ?? waitsMs;
    return Math.min(heldMs, waitsMs);
  }

  tick(nowMs: number, sink: DialectSink): void {
    this.#lines?.tick(nowMs, (bytes) => sink.data(bytes));
  }
}
