/**
 * The heartbeat inside a link session: PINGs of ours, answers to the peer's, and the verdict.
 *
 * A PING goes out in every interval, also while data flows: the answer measures the round trip, and
 * a peer that only receives data would otherwise never be heard.
 * @module
 */

import { linkFrame } from "../wire/link_frame.ts";
import { putPing } from "../wire/link_frame_writer.ts";
import { type Detector, missesDetector, type Verdict } from "./detector.ts";
import type { LinkHeartbeat } from "./session_options.ts";

/** Signs of life on one carrier after the other. */
export class Pulse {
  readonly #everyMs: number;
  readonly #detector: Detector | null;
  #isAttached = false;
  #sequence = 0;
  #pingDueMs = Infinity;
  #isPingDue = false;
  /** When the PING that is not answered left; NaN: none is out. */
  #askedMs = NaN;
  /** The peer's PING to be answered. Only the last one: a peer that floods gets no queue. */
  #pong: number | null = null;
  #verdict: Verdict = "alive";
  /** Last round trip (ms); null before the first. */
  roundTripMs: number | null = null;

  /** @param heartbeat null: the peer is answered, and never called dead */
  constructor(heartbeat: LinkHeartbeat | null, nowMs: number) {
    this.#everyMs = heartbeat?.everyMs ?? Infinity;
    this.#detector = heartbeat === null ? null : missesDetector(heartbeat, nowMs);
  }

  /** When `tick` is wanted; Infinity: not at all. */
  get deadlineMs(): number {
    if (!this.#isAttached) return Infinity;
    const pingMs = this.#isPingDue ? Infinity : this.#pingDueMs;
    return Math.min(pingMs, this.#detector?.deadlineMs ?? Infinity);
  }

  /** True where `put` has something to say. */
  get hasOutput(): boolean {
    return this.#isPingDue || this.#pong !== null;
  }

  /** A new carrier: its life begins now, and the first PING goes out at once. */
  attach(nowMs: number): void {
    this.#isAttached = true;
    this.#verdict = "alive";
    this.#detector?.reset(nowMs);
    this.#askedMs = NaN;
    this.#pong = null;
    this.#isPingDue = this.#detector !== null;
  }

  /** No carrier: nothing is expected. */
  detach(): void {
    this.#isAttached = false;
    this.#isPingDue = false;
    this.#pong = null;
  }

  /** Something came in: any frame is life. */
  heard(nowMs: number): void {
    this.#verdict = "alive";
    this.#detector?.heard(nowMs);
  }

  /** The peer asks. */
  asked(sequence: number): void {
    this.#pong = sequence;
  }

  /** The peer has answered. */
  answered(sequence: number, nowMs: number): void {
    // An answer to an older PING came late; its time is not known any more.
    if (sequence !== this.#sequence || Number.isNaN(this.#askedMs)) return;
    this.roundTripMs = nowMs - this.#askedMs;
    this.#askedMs = NaN;
    this.#detector?.roundTrip?.(this.roundTripMs, nowMs);
  }

  /** Time has passed. @returns the verdict where it is worse than before, else "alive" */
  tick(nowMs: number): Verdict {
    if (!this.#isAttached || this.#detector === null) return "alive";
    if (nowMs >= this.#pingDueMs) this.#isPingDue = true;
    const verdict = this.#detector.verdict(nowMs);
    if (verdict === this.#verdict) return "alive";
    this.#verdict = verdict;
    return verdict;
  }

  /** Writes what is due. @returns where the next frame begins */
  put(into: Uint8Array, at: number, nowMs: number): number {
    let next = at;
    if (this.#pong !== null) {
      next = putPing(into, next, linkFrame.pong, this.#pong);
      this.#pong = null;
    }
    if (this.#isPingDue) {
      this.#sequence = (this.#sequence + 1) >>> 0;
      next = putPing(into, next, linkFrame.ping, this.#sequence);
      this.#isPingDue = false;
      this.#pingDueMs = nowMs + this.#everyMs;
      this.#askedMs = nowMs;
    }
    return next;
  }
}
