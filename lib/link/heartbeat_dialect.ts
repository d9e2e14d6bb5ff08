/**
 * What a heartbeat looks like on the wire, as a machine without I/O: `keep_alive.ts` drives one of
 * three. Time and bytes are arguments.
 * @module
 */

import type { Traits } from "../core/contract.ts";
import type { PingPongResult } from "./pingpong.ts";

/** Takes what a dialect makes of what came in. */
export interface DialectSink {
  /** Data for the reader, one message where the session has messages. Lent for the call. */
  data(bytes: Uint8Array): void;
  /** The peer ends its data; it may still be heard. */
  ended(): void;
  /**
   * Something to be written before the next data; kept by who takes it.
   *
   * @param isCredit true for what the peer waits for; all else may be left out where much waits
   */
  say(bytes: Uint8Array, isCredit?: boolean): void;
  /** An answer came. */
  answered(roundTripMs: number, result?: PingPongResult): void;
}

/** One kind of heartbeat. */
export interface Dialect {
  /** What the session can do with this heartbeat in it. */
  readonly traits: Traits;
  /** At which interval the peer listens (ms); Infinity where it has not said. */
  readonly peerEveryMs: number;
  /** True where data that was sent does as a sign of life. */
  readonly dataIsBeat: boolean;
  /** False while nothing of the peer has shown that it knows this heartbeat, where it has to. */
  readonly isSpoken: boolean;
  /** True where the peer can be held back without ceasing to read. */
  readonly hasCredit: boolean;
  /** What the session begins with, or null. */
  hello(): Uint8Array | null;
  /** A sign of life to be written now, or null for not now: `deadlineMs` says when. */
  beat(nowMs: number): Uint8Array | null;
  /** A question that wants an answer, where there can be one. */
  ask(nowMs: number): Uint8Array | null;
  /**
   * Data as it goes on the wire: as much of the chunk as may go in one write, or null while
   * nothing may. What it gives is its own until `sent`.
   */
  pack(chunk: Uint8Array, nowMs: number): Uint8Array | null;
  /** How many bytes of the chunk the last `pack` took. */
  readonly packed: number;
  /** What was packed has been written. */
  sent(): void;
  /** What says that no more data will come, or null: the session's own half-close does. */
  end(): Uint8Array | null;
  /** Takes what was read. @throws {NetError} kind "protocol" */
  push(chunk: Uint8Array, nowMs: number, sink: DialectSink): void;
  /** The session's own end of input came. @throws {NetError} where that is not in order */
  finish(sink: DialectSink): void;
  /** The reader has taken so many bytes. */
  consumed(bytes: number, sink: DialectSink): void;
  /** When to call `tick`, or null. */
  readonly deadlineMs: number | null;
  tick(nowMs: number, sink: DialectSink): void;
}
