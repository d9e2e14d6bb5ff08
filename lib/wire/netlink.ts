/**
 * The framing that all of netlink(7) shares: messages one after the other, attributes inside them.
 *
 * Netlink is in the machine's order: little-endian on both machines that the runtime exists for.
 * @module
 */

import { NetError } from "../core/error.ts";

/** `struct nlmsghdr`: length, type, flags, sequence, port id. */
export const netlinkHeaderBytes = 16;

/** This is a question (NLM_F_REQUEST). */
export const requestFlag = 0x1;
/** It asks for all that there is (NLM_F_DUMP: NLM_F_ROOT and NLM_F_MATCH). */
export const dumpFlag = 0x300;

/** A refusal, with the error number in it (NLMSG_ERROR). */
const errorType = 2;
/** The end of a dump, with an error number that is 0 where all went well (NLMSG_DONE). */
const doneType = 3;

/** One message. */
export interface NetlinkMessage {
  readonly type: number;
  /** What follows the header. */
  readonly body: Uint8Array;
}

/** What a dump gave: its messages, or the error number of a refusal. */
export type NetlinkDump = readonly NetlinkMessage[] | number;

/**
 * Writes a header before `body`.
 *
 * @param type what is asked
 * @param flags `requestFlag`, `dumpFlag`
 */
export function encodeNetlink(
  type: number,
  flags: number,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(netlinkHeaderBytes + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, 1, true); // sequence; the port id stays 0: the kernel fills it in
  bytes.set(body, netlinkHeaderBytes);
  return bytes;
}

/**
 * Reads all that the kernel answered to one question.
 *
 * @param answers the datagrams in order
 * @param whole true for a dump: its end must be there, or the kernel had more to say
 * @throws {NetError} kind "protocol" where something is cut off
 */
export function decodeNetlink(
  answers: readonly Uint8Array[],
  whole: boolean,
  op: string,
): NetlinkDump {
  const messages: NetlinkMessage[] = [];
  for (const bytes of answers) {
    for (const message of messagesOf(bytes, op)) {
      if (message.type !== errorType && message.type !== doneType) {
        messages.push(message);
        continue;
      }
      const code = message.body.length < 4 ? 0 : viewOf(message.body).getInt32(0, true);
      if (code < 0) return -code;
      if (message.type === doneType) return messages;
    }
  }
  if (whole) throw netlinkFault(op, "the answer has no end");
  return messages;
}

function* messagesOf(bytes: Uint8Array, op: string): Generator<NetlinkMessage> {
  const view = viewOf(bytes);
  for (let at = 0; at < bytes.length;) {
    if (at + netlinkHeaderBytes > bytes.length) throw netlinkFault(op, "a message is cut off");
    const length = view.getUint32(at, true);
    if (length < netlinkHeaderBytes || at + length > bytes.length) {
      throw netlinkFault(op, "a message is cut off");
    }
    const body = bytes.subarray(at + netlinkHeaderBytes, at + length);
    yield { type: view.getUint16(at + 4, true), body };
    at += (length + 3) & ~3; // NLMSG_ALIGN
  }
}

/**
 * Attributes by number: a length and a type before each, padded to 4 bytes.
 *
 * @throws {NetError} kind "protocol" where one is cut off
 */
export function attributesOf(bytes: Uint8Array, op: string): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  const view = viewOf(bytes);
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) {
      throw netlinkFault(op, "an attribute is cut off");
    }
    // The upper two bits say "nested" and "network order" (NLA_TYPE_MASK).
    found.set(view.getUint16(at + 2, true) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An answer that cannot be read. */
export function netlinkFault(op: string, message: string): NetError {
  return new NetError({ kind: "protocol", op, message });
}
