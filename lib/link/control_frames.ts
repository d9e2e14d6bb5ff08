/**
 * Makes the control frames of a session, in memory of the session.
 * @module
 */

import { type LinkCode, linkCodes } from "../wire/link_code.ts";
import { linkFrame } from "../wire/link_frame.ts";
import {
  encodeReason,
  frameBytes,
  putAddress,
  putAmount,
  putGoaway,
  putId,
  putOpen,
  putRefusal,
  putReset,
} from "../wire/link_frame_writer.ts";
import type { FrameMemory, OutFrame } from "./frame_memory.ts";

/** Bytes of a frame with a text, without the text; no less for any type. */
const headOfText = 32;

/** OPEN. @param listener 0 for none */
export function openFrame(
  memory: FrameMemory,
  open: { id: number; datagrams: boolean; listener: number; credit: number; target: Uint8Array },
): OutFrame {
  const frame = take(memory, linkFrame.open, headOfText + open.target.length);
  frame.length = putOpen(frame.bytes, 0, open);
  return frame;
}

/** OPENED or CREDIT. */
export function amountFrame(
  memory: FrameMemory,
  type: typeof linkFrame.opened | typeof linkFrame.credit,
  id: number,
  amount: number,
): OutFrame {
  const frame = take(memory, type, frameBytes.credit);
  frame.length = putAmount(frame.bytes, 0, type, id, amount);
  return frame;
}

/** REFUSED or NOT_LISTENING. */
export function refusalFrame(
  memory: FrameMemory,
  type: typeof linkFrame.refused | typeof linkFrame.notListening,
  id: number,
  refusal: Refusal,
): OutFrame {
  const reason = encodeReason(refusal.text);
  const frame = take(memory, type, headOfText + reason.length);
  frame.length = putRefusal(frame.bytes, 0, type, id, linkCodes[refusal.code], reason);
  return frame;
}

/** Why something was refused or ended, for the peer. */
export interface Refusal {
  readonly code: LinkCode;
  /** At most `maximumReasonBytes` of it are sent. */
  readonly text: string;
}

/** RESET. */
export function resetFrame(memory: FrameMemory, id: number, code: LinkCode): OutFrame {
  const frame = take(memory, linkFrame.reset, frameBytes.reset);
  frame.length = putReset(frame.bytes, 0, id, linkCodes[code]);
  return frame;
}

/** FIN or UNLISTEN. */
export function idFrame(
  memory: FrameMemory,
  type: typeof linkFrame.fin | typeof linkFrame.unlisten,
  id: number,
): OutFrame {
  const frame = take(memory, type, frameBytes.fin);
  frame.length = putId(frame.bytes, 0, type, id);
  return frame;
}

/** LISTEN or LISTENING. */
export function addressFrame(
  memory: FrameMemory,
  type: typeof linkFrame.listen | typeof linkFrame.listening,
  id: number,
  address: Uint8Array,
): OutFrame {
  const frame = take(memory, type, headOfText + address.length);
  frame.length = putAddress(frame.bytes, 0, type, id, address);
  return frame;
}

/** GOAWAY. */
export function goawayFrame(memory: FrameMemory, refusal: Refusal): OutFrame {
  const reason = encodeReason(refusal.text);
  const frame = take(memory, linkFrame.goaway, headOfText + reason.length);
  frame.length = putGoaway(frame.bytes, 0, linkCodes[refusal.code], reason);
  return frame;
}

function take(memory: FrameMemory, type: number, length: number): OutFrame {
  const frame = memory.take(length);
  frame.type = type;
  return frame;
}
