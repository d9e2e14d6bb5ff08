/**
 * What a session says on its carrier, in order of urgency: RESUME, acknowledgements and heartbeat,
 * what must be said again, control, data, goodbye.
 * @module
 */

import { linkCodes } from "../wire/link_code.ts";
import { encodeReason, putAck, putGoaway, putResume } from "../wire/link_frame_writer.ts";
import { goawayFrame } from "./control_frames.ts";
import type { OutFrame } from "./frame_memory.ts";
import { FrameRun } from "./frame_run.ts";
import { recordHeadBytes } from "./link_records.ts";
import { afterGreeting, cutAll, endIfOver, type SessionParts } from "./session_parts.ts";

/**
 * Memory for control frames beyond that for data: writers that fill theirs must not keep credit
 * from being given. When it is used up, nothing new is said until the peer acknowledges.
 */
export const controlReserveBytes: number = 256 * 1024;

/** Fills records. */
export class SessionOutput {
  readonly #parts: SessionParts;
  readonly #most: number;
  readonly #expired: () => void;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#most = parts.settings.replayBytes + controlReserveBytes;
    this.#expired = () => void parts.tally.datagramsExpired++;
  }

  /** True where `pull` may have something to give. */
  get hasOutput(): boolean {
    const { standing, acknowledger, pulse, replay } = this.#parts;
    if (standing.state === "none") return false;
    if (standing.failure !== null) return standing.hasLastWords;
    if (standing.state !== "up" && standing.state !== "greeted") return true;
    if (acknowledger.isDue || pulse.hasOutput) return true;
    return standing.state === "up" && (replay.hasUnsent || this.#hasNews);
  }

  /** Fills `into` with whole frames. @returns bytes */
  pull(into: Uint8Array, nowMs: number): number {
    const { standing, acknowledger, pulse, replay, settings, tally } = this.#parts;
    let at = 0;
    if (standing.state === "attached" || standing.state === "heard") {
      at = putResume(into, at, acknowledger.tell(), settings.replayBytes, standing.carrier);
      standing.state = afterGreeting[standing.state];
    }
    if (standing.failure !== null) at = this.#putLastWords(into, at);
    else {
      const isUp = standing.state === "up";
      // With whatever else is said an acknowledgement costs twelve bytes, and spares a record.
      const isWelcome = isUp && acknowledger.isOpen && (replay.hasUnsent || this.#hasNews);
      if (acknowledger.isDue || isWelcome) at = putAck(into, at, acknowledger.tell());
      at = pulse.put(into, at, nowMs);
      if (isUp) at = this.#fill(into, at, nowMs);
      endIfOver(this.#parts);
    }
    tally.bytesSent += at;
    return at;
  }

  /**
   * Long frames that are next, as records where they lie; null where something else is to be said
   * first, or nothing. For a carrier that seals nothing.
   */
  pullRun(most: number, nowMs: number): FrameRun | null {
    const { standing, acknowledger, pulse, memory, tally } = this.#parts;
    if (standing.state !== "up" || standing.failure !== null) return null;
    if (acknowledger.isDue || pulse.hasOutput) return null;
    let room = most - recordHeadBytes;
    const first = this.#next(room, nowMs);
    if (first === null || first.slab === null) return null;
    const run = new FrameRun(memory, first, first.slab);
    let frame: OutFrame | null = first;
    while (frame !== null && run.add(frame)) {
      room -= frame.length + recordHeadBytes;
      this.#gone(frame);
      frame = this.#next(room, nowMs);
    }
    tally.bytesSent += run.bytes.length;
    return run;
  }

  #fill(into: Uint8Array, start: number, nowMs: number): number {
    let at = start;
    for (;;) {
      const frame = this.#next(into.length - at, nowMs);
      if (frame === null) return at;
      const { bytes, length } = frame;
      into.set(length === bytes.length ? bytes : bytes.subarray(0, length), at);
      at += length;
      this.#gone(frame);
    }
  }

  /** The next frame with a number, if it fits into so many bytes. It stays the next until it is gone. */
  #next(room: number, nowMs: number): OutFrame | null {
    const { replay } = this.#parts;
    if (!replay.hasUnsent) {
      const made = this.#make(nowMs);
      if (made === null) return null;
      replay.append(made);
    }
    return replay.next(room, nowMs, this.#expired);
  }

  /** The carrier was given the frame. */
  #gone({ length }: OutFrame): void {
    const { replay, tally } = this.#parts;
    if (!replay.advance()) return void tally.framesSent++;
    tally.framesResent++;
    tally.bytesResent += length;
  }

  /** True where something that has no number yet may be said now. */
  get #hasNews(): boolean {
    const { standing, outbox, memory } = this.#parts;
    if (standing.hasSaidGoodbye || memory.used >= this.#most) return false;
    return outbox.hasAny || standing.leaving !== null;
  }

  #make(nowMs: number): OutFrame | null {
    if (!this.#hasNews) return null;
    const { standing, outbox, memory } = this.#parts;
    const frame = outbox.next(nowMs);
    if (frame !== null || standing.leaving === null) return frame;
    standing.hasSaidGoodbye = true;
    cutAll(this.#parts, standing.leaving.code);
    return goawayFrame(memory, standing.leaving);
  }

  /** Numbers no longer matter: the peer is told what it did, and that is the end. */
  #putLastWords(into: Uint8Array, at: number): number {
    const { standing } = this.#parts;
    const { leaving } = standing;
    if (!standing.hasLastWords || leaving === null) return at;
    standing.hasLastWords = false;
    return putGoaway(into, at, linkCodes[leaving.code], encodeReason(leaving.text));
  }
}
