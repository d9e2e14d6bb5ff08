/**
 * Frames of two plumbs that keep a session alive: data, signs of life, questions and answers.
 *
 * On a stream each side begins with a preface, and then sends frames: a type (u8), the length of
 * the payload (u24, big-endian) and the payload.
 *
 *     preface  "PLUMBHB", the version (1), eight bytes of chance
 *     DATA 0   bytes of the session, at most 2^24 - 1, and no more than there is credit for
 *     BEAT 1   a sign of life: the interval in ms at which its sender listens for one (u32), so
 *              that the other side beats often enough whatever it was told itself; chance (u32)
 *     PING 2   see `pingpong.ts`
 *     PONG 3   the answer to a PING
 *     END  4   no more DATA from this side (half-close); signs of life go on
 *     CREDIT 5 so many more bytes of DATA may be sent (u32); streams only
 *
 * By the bytes of chance a side knows its own preface: an echo service would send it back, and every
 * sign of life after it, and so pass for a peer that is alive.
 *
 * Credit is there for slow readers. Without it the only way to hold a peer back is not to read, and
 * then its signs of life wait behind its data: two healthy sides that both wait for somebody slow
 * would each call the other one dead. 64 KiB may be sent before the first CREDIT.
 *
 * On a session of messages there is no preface and no length: a message is a type and its payload.
 * The chance in BEAT does there what that of the preface does on a stream.
 * Types of 128 and more are skipped by who does not know them, others are an error.
 * @module
 */

import { NetError } from "../core/error.ts";
import type { Sink } from "../core/machine.ts";
import { maximumPongBytes } from "./pingpong.ts";

/** What a frame is. */
export const frameTypes = { data: 0, beat: 1, ping: 2, pong: 3, end: 4, credit: 5 } as const;

/** Name of a frame's type. */
export type FrameType = keyof typeof frameTypes;

/** What a preface begins with: seven letters and the version. */
const magic: Readonly<Uint8Array> = new TextEncoder().encode("PLUMBHB\x01");

/** Bytes of a preface. */
export const prefaceBytes = 16;

/** What a side of a stream sends first: of its own each time. */
export function makePreface(): Uint8Array<ArrayBuffer> {
  const preface = new Uint8Array(prefaceBytes);
  preface.set(magic);
  crypto.getRandomValues(preface.subarray(magic.length));
  return preface;
}

/** Bytes before the payload of a frame on a stream. */
export const frameHeaderBytes = 4;

/** Longest payload of DATA. */
export const maximumDataBytes: number = 2 ** 24 - 1;

/** A frame, or a part of one: DATA comes in pieces as it arrives, all others whole. */
export interface Frame {
  readonly type: FrameType;
  /** Lent until the next step. */
  readonly payload: Uint8Array;
}

/** Bytes of DATA that may be sent before the first CREDIT: nobody waits a round trip to begin. */
export const initialCredit: number = 64 * 1024;

const names: readonly FrameType[] = ["data", "beat", "ping", "pong", "end", "credit"];

/** Longest payload of each type. */
const longest: Readonly<Record<FrameType, number>> = {
  data: maximumDataBytes,
  beat: 8,
  ping: maximumPongBytes,
  pong: maximumPongBytes,
  end: 0,
  credit: 4,
};

/** Types from here on may be skipped by who does not know them. */
const firstSkipped = 128;

/** A frame of a stream. @param payload at most what the type may have */
export function encodeFrame(
  type: FrameType,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(frameHeaderBytes + payload.length);
  putFrameHeader(bytes, type, payload.length);
  bytes.set(payload, frameHeaderBytes);
  return bytes;
}

/** What a BEAT says. */
export interface Beat {
  /** At which interval its sender listens for signs of life (ms); 0 where it does not say. */
  readonly everyMs: number;
  /** The same in all of its sender's: by it an echo is told from a peer. */
  readonly chance: number;
}

/** The payload of a BEAT. */
export function encodeBeat({ everyMs, chance }: Beat): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(8);
  const view = new DataView(payload.buffer);
  view.setUint32(0, Math.min(everyMs, 2 ** 32 - 1));
  view.setUint32(4, chance);
  return payload;
}

/** Reads the payload of a BEAT; an empty one says nothing. @throws {NetError} kind "protocol" */
export function decodeBeat(payload: Uint8Array): Beat {
  if (payload.length === 0) return { everyMs: 0, chance: 0 };
  if (payload.length < 8) throw fault("a BEAT is too short");
  const view = new DataView(payload.buffer, payload.byteOffset);
  return { everyMs: view.getUint32(0), chance: view.getUint32(4) };
}

/** The payload of a CREDIT. */
export function encodeCredit(bytes: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, bytes);
  return payload;
}

/** Reads the payload of a CREDIT. @throws {NetError} kind "protocol" */
export function decodeCredit(payload: Uint8Array): number {
  if (payload.length < 4) throw fault("a CREDIT is too short");
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

/** Writes the header of a frame, for who has its payload in place behind it already. */
export function putFrameHeader(into: Uint8Array, type: FrameType, length: number): void {
  if (length > longest[type]) throw new RangeError(`${length} bytes in a frame of ${type}`);
  into[0] = frameTypes[type];
  into[1] = length >>> 16;
  into[2] = length >>> 8;
  into[3] = length;
}

/** A message of a session of messages: a type and its payload. */
export function encodeFrameMessage(
  type: FrameType,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1 + payload.length);
  bytes[0] = frameTypes[type];
  bytes.set(payload, 1);
  return bytes;
}

/**
 * Reads a message.
 *
 * @returns null for one of a type that may be skipped
 * @throws {NetError} kind "protocol" for one that is empty, of a type that must be known, or longer
 * than its type may be
 */
export function decodeFrameMessage(message: Uint8Array): Frame | null {
  const number = message[0];
  if (number === undefined) throw fault("an empty message has no type");
  const type = typeOf(number);
  if (type === null) return null;
  const payload = message.subarray(1);
  if (payload.length > longest[type]) throw fault(`a frame of ${payload.length} bytes is too long`);
  return { type, payload };
}

function typeOf(number: number): FrameType | null {
  const type = names[number];
  if (type !== undefined) return type;
  if (number >= firstSkipped) return null;
  throw fault(`there is no frame of type ${number}`);
}

/**
 * Bytes of a stream -> frames, however they are cut. Holds at most one frame that is not DATA: its
 * length is looked at before any memory is taken for it.
 */
export class FrameReader {
  readonly #own: Readonly<Uint8Array>;
  readonly #header = new Uint8Array(prefaceBytes);
  #headerFilled = 0;
  #hasPreface = false;
  /** Of the frame under way; null before a header, or where it is skipped. */
  #type: FrameType | null = null;
  /** Payload bytes that are still to come. */
  #left = 0;
  #held: Uint8Array | null = null;
  #heldFilled = 0;

  /** @param own the preface that this side sends */
  constructor(own: Readonly<Uint8Array>) {
    this.#own = own;
  }

  /** True once the peer's preface was there. */
  get hasPreface(): boolean {
    return this.#hasPreface;
  }

  /** True where the stream may end: between two frames. */
  get isBetween(): boolean {
    return this.#left === 0 && this.#headerFilled === 0;
  }

  /**
   * Takes bytes and puts the frames that they complete.
   *
   * @throws {NetError} kind "protocol": no preface, another version, an unknown or too long frame
   */
  push(chunk: Uint8Array, out: Sink<Frame>): void {
    for (let at = 0; at < chunk.length;) {
      at += this.#left > 0
        ? this.#payload(chunk.subarray(at), out)
        : this.#head(chunk.subarray(at), out);
    }
  }

  #head(bytes: Uint8Array, out: Sink<Frame>): number {
    const wanted = this.#hasPreface ? frameHeaderBytes : prefaceBytes;
    const part = bytes.subarray(0, wanted - this.#headerFilled);
    this.#header.set(part, this.#headerFilled);
    this.#headerFilled += part.length;
    if (!this.#hasPreface) this.#checkPreface();
    if (this.#headerFilled < wanted) return part.length;
    this.#headerFilled = 0;
    if (this.#hasPreface) this.#begin(out);
    this.#hasPreface = true;
    return part.length;
  }

  /** At each byte: a peer that says something else need not be waited for. */
  #checkPreface(): void {
    const header = this.#header.subarray(0, this.#headerFilled);
    const wrong = header.subarray(0, magic.length).findIndex((byte, at) => byte !== magic[at]);
    if (wrong === magic.length - 1) {
      throw fault(`it speaks version ${header[wrong]} of framed heartbeats, not 1`);
    }
    if (wrong >= 0) throw missingPreface();
    if (header.length === prefaceBytes && header.every((byte, at) => byte === this.#own[at])) {
      throw missingPreface("it only sends back what it gets");
    }
  }

  #begin(out: Sink<Frame>): void {
    const [number = 0, high = 0, middle = 0, low = 0] = this.#header;
    const length = (high << 16) | (middle << 8) | low;
    const type = typeOf(number);
    if (type !== null && length > longest[type]) {
      throw fault(`a frame of ${length} bytes is too long for ${type}`);
    }
    this.#type = type;
    this.#left = length;
    this.#held = type === null || type === "data" ? null : new Uint8Array(length);
    this.#heldFilled = 0;
    if (length === 0 && type !== null && type !== "data") out.put({ type, payload: nothing });
  }

  #payload(bytes: Uint8Array, out: Sink<Frame>): number {
    const part = bytes.subarray(0, this.#left);
    this.#left -= part.length;
    if (this.#held !== null && this.#type !== null) {
      this.#held.set(part, this.#heldFilled);
      this.#heldFilled += part.length;
      if (this.#left === 0) out.put({ type: this.#type, payload: this.#held });
    } else if (this.#type === "data") {
      out.put({ type: "data", payload: part });
    }
    return part.length;
  }
}

const nothing = new Uint8Array(0);

/**
 * The peer is no plumb that keeps sessions alive by frames.
 *
 * @param why what is known besides
 */
export function missingPreface(why?: string): NetError {
  const missing = "the peer does not begin with the preface of framed heartbeats";
  return new NetError({
    kind: "protocol",
    op: "heartbeat",
    message: why === undefined ? missing : `${missing}: ${why}`,
    hint: "the other side needs --heartbeat or serve pingpong",
    blame: "remote",
  });
}

function fault(message: string): NetError {
  return new NetError({ kind: "protocol", op: "heartbeat", message, blame: "remote" });
}
