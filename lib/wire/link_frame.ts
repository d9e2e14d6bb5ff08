/**
 * Frames of a link session, as bytes: `lib/link/PROTOCOL.md` is the specification.
 *
 *     frame: type u8, length u24 of the body, body
 *
 * Numbers are big-endian. Types from 0x10 to 0x7f are sequenced: each has a number that is written
 * nowhere, because both sides count. Types from 0x80 are never sequenced and skipped where they
 * are not known; every other unknown type is an error.
 * @module
 */

import { linkFault } from "./link_code.ts";

/** Type bytes. */
export const linkFrame = {
  resume: 0x01,
  ack: 0x02,
  ping: 0x03,
  pong: 0x04,
  open: 0x10,
  opened: 0x11,
  refused: 0x12,
  data: 0x13,
  message: 0x14,
  skip: 0x15,
  fin: 0x16,
  reset: 0x17,
  credit: 0x18,
  listen: 0x20,
  listening: 0x21,
  notListening: 0x22,
  unlisten: 0x23,
  goaway: 0x30,
} as const;

/** Name of a type of frame. */
export type LinkFrameName = keyof typeof linkFrame;

/** Type and length before each body. */
export const frameHeaderBytes = 4;

/** Header and channel before the bytes of DATA and MESSAGE. */
export const dataHeaderBytes = 8;

/** A record is a Noise message, 65,535 bytes with its tag of 16; no frame is longer than one. */
export const maximumFrameBytes: number = 65_535 - 16;

/** Most bytes in one DATA, and the longest datagram; more than UDP can carry (65,507). */
export const maximumDataBytes: number = maximumFrameBytes - dataHeaderBytes;

/** Longest text that gives a reason. */
export const maximumReasonBytes = 512;

/** Credit that a MESSAGE of so many bytes costs: 16 more, because empty ones take memory, too. */
export function messageCost(length: number): number {
  return length + 16;
}

/** Types that are sequenced. */
export function isSequenced(type: number): boolean {
  return type >= 0x10 && type < 0x80;
}

/** What the rest of a body is, behind its fixed fields. */
type Tail = "none" | "bytes" | "address" | "reason";

/** Fixed bytes of each body, and what follows them. */
interface Shape {
  readonly name: LinkFrameName;
  readonly fixed: number;
  readonly tail: Tail;
}

const shapes: readonly (Shape | undefined)[] = tableOf({
  resume: [16, "none"],
  ack: [8, "none"],
  ping: [4, "none"],
  pong: [4, "none"],
  open: [13, "address"],
  opened: [8, "none"],
  refused: [6, "reason"],
  data: [4, "bytes"],
  message: [4, "bytes"],
  skip: [8, "none"],
  fin: [4, "none"],
  reset: [6, "none"],
  credit: [8, "none"],
  listen: [4, "address"],
  listening: [4, "address"],
  notListening: [6, "reason"],
  unlisten: [4, "none"],
  goaway: [2, "reason"],
});

function tableOf(rows: Readonly<Record<LinkFrameName, readonly [number, Tail]>>): Shape[] {
  const table: Shape[] = [];
  for (const [name, [fixed, tail]] of Object.entries(rows) as [LinkFrameName, [number, Tail]][]) {
    table[linkFrame[name]] = { name, fixed, tail };
  }
  return table;
}

/** One frame that was read. Reused: valid until the next one is read into it. */
export class LinkFrameView {
  /** Type byte. */
  type = 0;
  /** Channel or listener that it is about; 0 where it is about none. */
  id = 0;
  /** RESUME and ACK: frames received; PING and PONG: sequence; else credit or cost in bytes. */
  amount = 0;
  /** RESUME: replay memory of the sender. OPEN: the listener, 0 for none. */
  second = 0;
  /** RESUME: how many carriers the sender has had, this one included. */
  carrier = 0;
  /** OPEN: true for datagrams. */
  datagrams = false;
  /** REFUSED, RESET, NOT_LISTENING, GOAWAY: number of the code. */
  code = 0;
  /** Address or reason. */
  text = "";
  /** Where the bytes of DATA or MESSAGE begin in the record. */
  start = 0;
  /** Where the frame ends in the record. */
  end = 0;

  /** Name of the type, for messages; "unknown" where it is none. */
  get name(): string {
    return shapes[this.type]?.name ?? "unknown";
  }
}

/** True for a type that may be skipped although it is not known. */
export function isIgnorable(type: number): boolean {
  return type >= 0x80;
}

/**
 * Reads the frame at an offset.
 *
 * @param maximumText longest address in bytes, the limit `link-text`
 * @returns where the next frame begins
 * @throws {NetError} kind "protocol", code "malformed" or "unknown-frame"
 */
export function readLinkFrame(
  record: Uint8Array,
  at: number,
  maximumText: number,
  into: LinkFrameView,
): number {
  const body = at + frameHeaderBytes;
  if (body > record.length) throw malformed("a frame's head is cut off");
  const type = byte(record, at);
  const length = (byte(record, at + 1) << 16) | uint16(record, at + 2);
  const end = body + length;
  if (end > record.length) throw malformed("a frame is longer than its record");
  into.type = type;
  into.end = end;
  const shape = shapes[type];
  if (shape === undefined) {
    if (!isIgnorable(type)) {
      throw linkFault("unknown-frame", `a frame of unknown type ${type}`);
    }
    return end;
  }
  const rest = length - shape.fixed;
  if (rest < 0 || (rest > 0 && shape.tail === "none")) {
    throw malformed(`a ${shape.name} of ${length} bytes`);
  }
  readFields(record, body, type, into);
  if (shape.tail === "bytes") {
    // Frames that say nothing would be work for nothing; an empty datagram says something.
    if (rest === 0 && type === linkFrame.data) throw malformed("a data of no bytes");
    into.start = body + shape.fixed;
  } else if (shape.tail !== "none") {
    const most = shape.tail === "address" ? maximumText : maximumReasonBytes;
    if (rest > most) throw malformed(`a ${shape.name} with a text of ${rest} bytes`);
    into.text = textOf(record.subarray(body + shape.fixed, end), shape.name);
  }
  return end;
}

function readFields(record: Uint8Array, body: number, type: number, into: LinkFrameView): void {
  switch (type) {
    case linkFrame.resume:
      into.second = uint32(record, body + 8);
      into.carrier = uint32(record, body + 12);
      into.amount = count(record, body);
      return;
    case linkFrame.ack:
      into.amount = count(record, body);
      return;
    case linkFrame.ping:
    case linkFrame.pong:
      into.amount = uint32(record, body);
      return;
    case linkFrame.goaway:
      into.code = uint16(record, body);
      return;
  }
  into.id = uint32(record, body);
  switch (type) {
    case linkFrame.open: {
      const kind = byte(record, body + 4);
      if (kind > 1) throw malformed(`an open of kind ${kind}`);
      into.datagrams = kind === 1;
      into.second = uint32(record, body + 5);
      into.amount = uint32(record, body + 9);
      return;
    }
    case linkFrame.opened:
    case linkFrame.skip:
    case linkFrame.credit:
      into.amount = uint32(record, body + 4);
      if (into.amount === 0 && type === linkFrame.credit) throw malformed("a credit of nothing");
      return;
    case linkFrame.refused:
    case linkFrame.reset:
    case linkFrame.notListening:
      into.code = uint16(record, body + 4);
      return;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed(`a ${name} with a text that is not UTF-8`);
  }
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function uint16(bytes: Uint8Array, at: number): number {
  return (byte(bytes, at) << 8) | byte(bytes, at + 1);
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((uint16(bytes, at) << 16) | uint16(bytes, at + 2)) >>> 0;
}

/** A 64-bit count of frames; at a million a second, 2^53 of them take 285 years. */
function count(bytes: Uint8Array, at: number): number {
  const high = uint32(bytes, at);
  if (high >= 0x200000) throw malformed("a count of frames beyond 2^53");
  return high * 0x1_0000_0000 + uint32(bytes, at + 4);
}

function malformed(message: string): Error {
  return linkFault("malformed", message);
}
