/**
 * What was said and is not yet acknowledged: sequenced frames in the order of their numbers.
 *
 * A frame gets its number when it comes in here, not when its carrier takes it. The cursor stands
 * before the first frame that the present carrier has not been given; a new carrier moves it back
 * to what the peer says it has.
 * @module
 */

import { linkFault } from "../wire/link_code.ts";
import { linkFrame, messageCost } from "../wire/link_frame.ts";
import { frameBytes, putAmount } from "../wire/link_frame_writer.ts";
import type { FrameMemory, OutFrame } from "./frame_memory.ts";

/** Frames from the first that is not acknowledged to the last that has a number. */
export class Replay {
  readonly #memory: FrameMemory;
  #first: OutFrame | null = null;
  #last: OutFrame | null = null;
  /** The first frame that this carrier was not given; null: it has all. */
  #cursor: OutFrame | null = null;
  /** Numbers of the first frame, of the one at the cursor, and of the next that comes in. */
  #acknowledged = 0;
  #given = 0;
  #numbered = 0;
  /** Frames from the cursor to this number were given to an earlier carrier. */
  #givenBefore = 0;

  /** Frames are taken from and given back to this memory. */
  constructor(memory: FrameMemory) {
    this.#memory = memory;
  }

  /** Sequenced frames that the peer has. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Sequenced frames that have a number. */
  get numbered(): number {
    return this.#numbered;
  }

  /** True while the carrier has not been given all. */
  get hasUnsent(): boolean {
    return this.#cursor !== null;
  }

  /** Gives a frame its number. */
  append(frame: OutFrame): void {
    frame.next = null;
    if (this.#last === null) this.#first = frame;
    else this.#last.next = frame;
    this.#last = frame;
    this.#cursor ??= frame;
    this.#numbered++;
  }

  /**
   * The next frame that the carrier should get, if it fits into so many bytes.
   *
   * @param expired called for a datagram that is too old now; a SKIP goes in its place
   */
  next(room: number, nowMs: number, expired: () => void): OutFrame | null {
    const frame = this.#cursor;
    if (frame === null) return null;
    if (frame.expiresMs <= nowMs) this.#skip(frame, expired);
    return frame.length > room ? null : frame;
  }

  /** The carrier was given the frame that `next` gave. @returns true where it was sent before */
  advance(): boolean {
    this.#cursor = this.#cursor?.next ?? null;
    const again = this.#given < this.#givenBefore;
    this.#given++;
    return again;
  }

  /**
   * The peer says on this carrier how many it has.
   *
   * @throws {NetError} code "bad-ack" where it was not given them, or had more before
   */
  acknowledge(received: number): void {
    if (received < this.#acknowledged || received > this.#given) {
      throw linkFault("bad-ack", `${received} frames of ${this.#given} are acknowledged`);
    }
    this.#release(received);
  }

  /**
   * On a new carrier, after `rewind`: the peer says how many it has, the rest is to be given again.
   *
   * @returns how many that are
   * @throws {NetError} code "bad-resume" where it cannot have them, or has lost some
   */
  resume(received: number): number {
    if (received < this.#acknowledged || received > this.#givenBefore) {
      const span = `${this.#acknowledged} to ${this.#givenBefore}`;
      throw linkFault("bad-resume", `the peer resumes at ${received} of ${span}`);
    }
    this.#release(received);
    this.#given = received;
    return this.#givenBefore - received;
  }

  /** Shrinks datagrams that are too old, where no carrier is about to take them. */
  expire(nowMs: number, expired: () => void): void {
    for (let frame = this.#cursor; frame !== null; frame = frame.next) {
      if (frame.expiresMs <= nowMs) this.#skip(frame, expired);
    }
  }

  /** The carrier is lost, and with it perhaps all that it was given. */
  rewind(): void {
    this.#givenBefore = Math.max(this.#givenBefore, this.#given);
    this.#cursor = this.#first;
    this.#given = this.#acknowledged;
  }

  /** Forgets all: the session is over. */
  clear(): void {
    this.#memory.giveAll(this.#first);
    this.#first = this.#last = this.#cursor = null;
    this.#acknowledged = this.#given = this.#numbered;
  }

  /** The number stays, and so does the credit that the datagram has used. */
  #skip(frame: OutFrame, expired: () => void): void {
    const cost = messageCost(frame.dataLength);
    this.#memory.shrink(frame);
    frame.type = linkFrame.skip;
    frame.expiresMs = Infinity;
    frame.length = frameBytes.skip;
    putAmount(frame.bytes, 0, linkFrame.skip, frame.channel, cost);
    expired();
  }

  #release(received: number): void {
    for (; this.#acknowledged < received; this.#acknowledged++) {
      const frame = this.#first;
      if (frame === null) return;
      this.#first = frame.next;
      if (this.#cursor === frame) this.#cursor = frame.next;
      this.#memory.give(frame);
    }
    if (this.#first === null) this.#last = null;
  }
}
