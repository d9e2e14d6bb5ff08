/**
 * Writes frames of a link session into buffers that are there already; see `link_frame.ts` for the
 * layout. Every function returns where the next frame begins.
 * @module
 */

import { frameHeaderBytes, linkFrame, maximumReasonBytes } from "./link_frame.ts";

const encoder = new TextEncoder();

/** Bytes of a frame without text. */
export const frameBytes = {
  resume: 20,
  ack: 12,
  ping: 8,
  skip: 12,
  fin: 8,
  reset: 10,
  credit: 12,
  opened: 12,
  unlisten: 8,
} as const;

/** UTF-8 of an address. */
export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** UTF-8 of a reason, cut at a character where it would be too long. */
export function encodeReason(text: string): Uint8Array {
  const bytes = new Uint8Array(maximumReasonBytes);
  return bytes.subarray(0, encoder.encodeInto(text, bytes).written);
}

/** RESUME. @param replay what the sender keeps of what it sends, in bytes */
export function putResume(
  into: Uint8Array,
  at: number,
  received: number,
  replay: number,
  carrier: number,
): number {
  const body = putHead(into, at, linkFrame.resume, 16);
  return put32(into, put32(into, put64(into, body, received), replay), carrier);
}

/** Sequenced frames received so far. */
export function putAck(into: Uint8Array, at: number, received: number): number {
  return put64(into, putHead(into, at, linkFrame.ack, 8), received);
}

/** PING or PONG. */
export function putPing(
  into: Uint8Array,
  at: number,
  type: typeof linkFrame.ping | typeof linkFrame.pong,
  sequence: number,
): number {
  return put32(into, putHead(into, at, type, 4), sequence);
}

/** OPEN. @param listener 0 for none */
export function putOpen(
  into: Uint8Array,
  at: number,
  open: { id: number; datagrams: boolean; listener: number; credit: number; target: Uint8Array },
): number {
  let next = putHead(into, at, linkFrame.open, 13 + open.target.length);
  next = put32(into, next, open.id);
  into[next] = open.datagrams ? 1 : 0;
  next = put32(into, next + 1, open.listener);
  next = put32(into, next, open.credit);
  into.set(open.target, next);
  return next + open.target.length;
}

/** OPENED, CREDIT and SKIP: a channel and an amount of bytes. */
export function putAmount(
  into: Uint8Array,
  at: number,
  type: typeof linkFrame.opened | typeof linkFrame.credit | typeof linkFrame.skip,
  id: number,
  amount: number,
): number {
  return put32(into, put32(into, putHead(into, at, type, 8), id), amount);
}

/** FIN and UNLISTEN: an id alone. */
export function putId(
  into: Uint8Array,
  at: number,
  type: typeof linkFrame.fin | typeof linkFrame.unlisten,
  id: number,
): number {
  return put32(into, putHead(into, at, type, 4), id);
}

/** RESET. */
export function putReset(into: Uint8Array, at: number, id: number, code: number): number {
  return put16(into, put32(into, putHead(into, at, linkFrame.reset, 6), id), code);
}

/** REFUSED and NOT_LISTENING: an id, a code and a reason. */
export function putRefusal(
  into: Uint8Array,
  at: number,
  type: typeof linkFrame.refused | typeof linkFrame.notListening,
  id: number,
  code: number,
  reason: Uint8Array,
): number {
  const body = putHead(into, at, type, 6 + reason.length);
  const text = put16(into, put32(into, body, id), code);
  into.set(reason, text);
  return text + reason.length;
}

/** LISTEN and LISTENING: a listener and an address. */
export function putAddress(
  into: Uint8Array,
  at: number,
  type: typeof linkFrame.listen | typeof linkFrame.listening,
  id: number,
  address: Uint8Array,
): number {
  const text = put32(into, putHead(into, at, type, 4 + address.length), id);
  into.set(address, text);
  return text + address.length;
}

/** GOAWAY. */
export function putGoaway(
  into: Uint8Array,
  at: number,
  code: number,
  reason: Uint8Array,
): number {
  const text = put16(into, putHead(into, at, linkFrame.goaway, 2 + reason.length), code);
  into.set(reason, text);
  return text + reason.length;
}

/** The eight bytes before the data of DATA or MESSAGE. */
export function putDataHead(
  into: Uint8Array,
  at: number,
  type: typeof linkFrame.data | typeof linkFrame.message,
  id: number,
  length: number,
): number {
  return put32(into, putHead(into, at, type, 4 + length), id);
}

function putHead(into: Uint8Array, at: number, type: number, length: number): number {
  into[at] = type;
  into[at + 1] = length >>> 16;
  into[at + 2] = length >>> 8;
  into[at + 3] = length;
  return at + frameHeaderBytes;
}

function put16(into: Uint8Array, at: number, value: number): number {
  into[at] = value >>> 8;
  into[at + 1] = value;
  return at + 2;
}

function put32(into: Uint8Array, at: number, value: number): number {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
  return at + 4;
}

function put64(into: Uint8Array, at: number, value: number): number {
  return put32(into, put32(into, at, Math.floor(value / 0x1_0000_0000)), value >>> 0);
}
