/**
 * The sending direction of a channel: what was written and has no number yet.
 *
 * Only what the peer's credit covers is taken, so that a channel whose reader stands still holds no
 * memory of the session: all that is taken can leave as soon as the carrier takes it.
 * @module
 */

import { linkFault } from "../wire/link_code.ts";
import {
  dataHeaderBytes,
  linkFrame,
  maximumDataBytes,
  maximumFrameBytes,
  messageCost,
} from "../wire/link_frame.ts";
import { putDataHead } from "../wire/link_frame_writer.ts";
import { FrameMemory, type OutFrame } from "./frame_memory.ts";

/** Credit beyond this is an error: honest peers give a window, which is far less. */
const mostCredit = 0x7fff_ffff;

/** What one channel sends. */
export class ChannelOutput {
  readonly #memory: FrameMemory;
  readonly #bound: number;
  readonly #largeWrite: number;
  #credit = 0;
  #first: OutFrame | null = null;
  #last: OutFrame | null = null;
  /** True where a write took less than all, and nobody was told yet that it may go on. */
  isBlocked = false;
  /** True where the last write took less because the session's memory is full. */
  lacksMemory = false;

  /**
   * @param bound most that the memory of the session may hold for data, in bytes
   * @param largeWrite bytes of a write whose frames lie one behind the other
   */
  constructor(memory: FrameMemory, bound: number, largeWrite: number) {
    this.#memory = memory;
    this.#bound = bound;
    this.#largeWrite = largeWrite;
  }

  /** Bytes that may be written before the peer gives more credit. */
  get credit(): number {
    return this.#credit;
  }

  /** True where frames wait. */
  get hasPending(): boolean {
    return this.#first !== null;
  }

  /** The peer takes so many bytes more. @throws {NetError} code "credit-overflow" */
  addCredit(amount: number): void {
    if (this.#credit + amount > mostCredit) {
      throw linkFault("credit-overflow", `credit of ${this.#credit} and ${amount} bytes`);
    }
    this.#credit += amount;
  }

  /** Takes bytes of a stream, as many as credit and memory allow. @returns how many */
  write(channel: number, chunk: Uint8Array): number {
    const most = Math.min(chunk.length, this.#credit);
    const isLarge = most >= this.#largeWrite;
    let taken = 0;
    while (taken < most) {
      const left = most - taken;
      const frame = isLarge ? this.#carve(channel, left) : this.#openFrame(channel, left);
      if (frame === null) break;
      const length = Math.min(left, frame.room);
      const whole = length === chunk.length;
      frame.bytes.set(whole ? chunk : chunk.subarray(taken, taken + length), frame.length);
      frame.length += length;
      taken += length;
    }
    this.#credit -= taken;
    this.isBlocked = taken < chunk.length;
    this.lacksMemory = taken < most;
    return taken;
  }

  /** Takes a message whole, or not at all. */
  send(channel: number, message: Uint8Array, expiresMs: number): boolean {
    const cost = messageCost(message.length);
    const hasRoom = this.#hasRoom(dataHeaderBytes + message.length);
    if (cost > this.#credit || !hasRoom) {
      this.isBlocked = true;
      this.lacksMemory = !hasRoom;
      return false;
    }
    const memory = this.#memory.take(dataHeaderBytes + message.length);
    const frame = this.#append(linkFrame.message, channel, memory);
    frame.bytes.set(message, dataHeaderBytes);
    frame.length += message.length;
    frame.expiresMs = expiresMs;
    this.isBlocked = this.lacksMemory = false;
    this.#credit -= cost;
    return true;
  }

  /**
   * The next frame, with its head; null where none waits.
   *
   * @param expired called for each message that is too old and so is no frame at all
   */
  take(nowMs: number, expired: () => void): OutFrame | null {
    this.expire(nowMs, expired);
    const frame = this.#first;
    if (frame === null) return null;
    this.#first = frame.next;
    if (this.#first === null) this.#last = null;
    const type = frame.type === linkFrame.message ? linkFrame.message : linkFrame.data;
    putDataHead(frame.bytes, 0, type, frame.channel, frame.dataLength);
    return frame;
  }

  /** Drops messages that are too old. They had no number, and give their credit back here. */
  expire(nowMs: number, expired: () => void): void {
    for (let frame = this.#first; frame !== null && frame.expiresMs <= nowMs; frame = this.#first) {
      this.#first = frame.next;
      if (this.#first === null) this.#last = null;
      this.#credit += messageCost(frame.dataLength);
      this.#memory.give(frame);
      expired();
    }
  }

  /** Drops all that waits. */
  clear(): void {
    this.#memory.giveAll(this.#first);
    this.#first = this.#last = null;
  }

  /** The last frame, while it has room: small writes become one frame. Else a new one. */
  #openFrame(channel: number, length: number): OutFrame | null {
    const last = this.#last;
    if (last !== null && last.room > 0) return last;
    const size = Math.min(dataHeaderBytes + length, maximumFrameBytes);
    return this.#hasRoom(size)
      ? this.#append(linkFrame.data, channel, this.#memory.take(size))
      : null;
  }

  /** One of as many frames of the same length as it takes: the last is no crumb of a record. */
  #carve(channel: number, left: number): OutFrame | null {
    const length = dataHeaderBytes + Math.ceil(left / Math.ceil(left / maximumDataBytes));
    if (this.#memory.used + length > this.#bound) return null;
    return this.#append(linkFrame.data, channel, this.#memory.carve(length));
  }

  #append(type: number, channel: number, frame: OutFrame): OutFrame {
    frame.type = type;
    frame.channel = channel;
    frame.length = dataHeaderBytes;
    if (this.#last === null) this.#first = frame;
    else this.#last.next = frame;
    this.#last = frame;
    return frame;
  }

  #hasRoom(length: number): boolean {
    return this.#memory.used + FrameMemory.costOf(length) <= this.#bound;
  }
}
