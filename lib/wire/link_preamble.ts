/**
 * How a carrier of a link begins: the preambles of both sides, and the refusal that needs no
 * handshake. `lib/link/PROTOCOL.md`, "Carriers", is the same in words. All numbers are big-endian.
 *
 *     client: magic 8, version u8, flags u8, length u16, then Noise message 1
 *     server: magic 8, version u8, kind u8,  length u16, then Noise message 2 or a plain refusal
 *     refusal: code u8, text (UTF-8, to the end)
 *
 * These forms are the same in every version, so that each can refuse the others in words.
 * @module
 */

import { NetError, quote } from "../core/error.ts";

/**
 * What either side sends first. Not text, so that no line protocol is mistaken for it, and with the
 * line ends that a terminal or a translating proxy would spoil (as in PNG's signature).
 */
export const linkMagic: Uint8Array<ArrayBuffer> = Uint8Array.from(
  [0x89, 0x50, 0x4c, 0x49, 0x4e, 0x4b, 0x0d, 0x0a], // \x89 P L I N K \r \n
);
/** The version that is spoken here. */
export const linkVersion = 1;
/** Bytes before a handshake message. */
export const preambleBytes = 12;
/** Longest text of a refusal or a welcome, in bytes of UTF-8. */
export const maximumTextBytes = 255;
/** Longest handshake message: several times what version 1 needs, and little memory. */
export const maximumHandshakeBytes = 1024;

/** Bit 0 of the client's flags: records are sealed. The other bits are sent as 0 and not read. */
const sealedFlag = 0x01;

/** Why a server refuses before, or without, a handshake. Anyone on the way can forge it. */
export const refusalCodes = {
  /** Message 1 could not be opened. */
  authentication: 1,
  /** The client's version is not spoken here. */
  version: 2,
  /** One side seals and the other does not. */
  sealing: 3,
  /** There are too many handshakes, in all or from this peer: come again later. */
  busy: 4,
  /** Message 1 could be opened, and is no hello. */
  malformed: 5,
} as const;
/** Why, as a word. */
export type RefusalReason = keyof typeof refusalCodes;

/** What stands before message 1. */
export interface ClientPreamble {
  readonly version: number;
  readonly sealed: boolean;
  /** Bytes of message 1. */
  readonly length: number;
}

/** What stands before message 2 or a refusal. */
export interface ServerPreamble {
  readonly version: number;
  /** True where a plain refusal follows. */
  readonly refuses: boolean;
  /** Bytes that follow. */
  readonly length: number;
}

/** A refusal without a handshake. */
export interface PlainRefusal {
  /** Null for a code of a later version. */
  readonly reason: RefusalReason | null;
  readonly code: number;
  readonly text: string;
}

const encoder = new TextEncoder();

/** The client's preamble; it is the prologue of the handshake, too, so that nobody changes it. */
export function encodeClientPreamble(sealed: boolean, length: number): Uint8Array<ArrayBuffer> {
  return preamble(sealed ? sealedFlag : 0, length);
}

/** The server's preamble before a handshake message of `length` bytes. */
export function encodeServerPreamble(length: number): Uint8Array<ArrayBuffer> {
  return preamble(0, length);
}

/** All that a server sends to whom it refuses. `text` is cut at 255 bytes. */
export function encodeRefusal(reason: RefusalReason, text: string): Uint8Array<ArrayBuffer> {
  const words = shortText(text);
  const whole = new Uint8Array(preambleBytes + 1 + words.length);
  whole.set(preamble(1, 1 + words.length));
  whole[preambleBytes] = refusalCodes[reason];
  whole.set(words, preambleBytes + 1);
  return whole;
}

function preamble(second: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(preambleBytes);
  bytes.set(linkMagic);
  bytes[8] = linkVersion;
  bytes[9] = second;
  new DataView(bytes.buffer).setUint16(10, length);
  return bytes;
}

/**
 * Looks at the beginning of what a peer sends, however little there is.
 *
 * @throws {NetError} kind "protocol" as soon as it cannot be a link's preamble
 */
export function checkMagic(start: Uint8Array): void {
  const known = Math.min(start.length, linkMagic.length);
  for (let at = 0; at < known; at++) {
    if (start[at] !== linkMagic[at]) throw notALink(start);
  }
}

function notALink(start: Uint8Array): NetError {
  const shown = quote(String.fromCharCode(...start.subarray(0, preambleBytes)));
  return malformed(`what came is no link: it begins with "${shown}"`);
}

/**
 * Reads a client's preamble. A length is judged only where the version is known: those of others
 * are refused without a look at the rest.
 *
 * @param bytes `preambleBytes` of them
 * @throws {NetError} kind "protocol" where it is none, or announces more than there may be
 */
export function decodeClientPreamble(bytes: Uint8Array): ClientPreamble {
  const { version, second, length } = decodePreamble(bytes);
  if (version === linkVersion) checkLength(length);
  return { version, sealed: (second & sealedFlag) !== 0, length };
}

/** Reads a server's preamble, as `decodeClientPreamble` does a client's, but for any version. */
export function decodeServerPreamble(bytes: Uint8Array): ServerPreamble {
  const { version, second, length } = decodePreamble(bytes);
  if (second > 1) throw malformed(`an answer of unknown kind ${second}`);
  checkLength(length);
  return { version, refuses: second === 1, length };
}

function decodePreamble(bytes: Uint8Array): { version: number; second: number; length: number } {
  checkMagic(bytes);
  const view = viewOf(bytes);
  return { version: view.getUint8(8), second: view.getUint8(9), length: view.getUint16(10) };
}

function checkLength(length: number): void {
  if (length <= maximumHandshakeBytes) return;
  const bound = `more than the ${maximumHandshakeBytes} allowed`;
  throw malformed(`a handshake message of ${length} bytes, ${bound}`);
}

/** Reads what follows a server's preamble that refuses. */
export function decodeRefusal(body: Uint8Array): PlainRefusal {
  const code = body[0];
  if (code === undefined) throw malformed("a refusal without a reason");
  return { reason: wordOf(refusalCodes, code), code, text: textOf(body.subarray(1)) };
}

/**
 * Reads a text of the peer. Whoever shows it escapes it: `NetError` keeps controls.
 *
 * @throws {NetError} kind "protocol" where it is no UTF-8
 */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw malformed("a text that is no UTF-8", cause);
  }
}

/** A text in UTF-8, at most 255 bytes of it, cut between characters. */
export function shortText(text: string): Uint8Array {
  const into = new Uint8Array(maximumTextBytes);
  return into.subarray(0, encoder.encodeInto(text, into).written);
}

/** The word of a number, null where no word has it. */
export function wordOf<Word extends string>(
  table: Readonly<Record<Word, number>>,
  number: number,
): Word | null {
  for (const word in table) if (table[word] === number) return word;
  return null;
}

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The fault of a peer that does not keep to the protocol. */
export function malformed(message: string, cause?: unknown): NetError {
  const init = { kind: "protocol", op: "link", message, blame: "remote" } as const;
  return new NetError(cause === undefined ? init : { ...init, cause });
}
