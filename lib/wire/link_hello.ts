/**
 * What the two handshake messages of a link's carrier carry, sealed. `lib/link/PROTOCOL.md`,
 * "Handshake", is the same in words. All numbers are big-endian.
 *
 *     hello:   features u32, intent u8, session 16, received u64, identity (length u8, UTF-8)
 *     welcome: status u8, features u32, received u64, text (length u8, UTF-8)
 *
 * Bytes behind what is named here are skipped: a later side may add to them.
 * @module
 */

import { NetError } from "../core/error.ts";
import { malformed, shortText, textOf, viewOf, wordOf } from "./link_preamble.ts";

/** Bytes of a session's name. */
export const sessionIdBytes = 16;
/** Longest identity, in bytes of UTF-8. */
export const maximumIdentityBytes = 64;

/** What a server says once it has opened message 1. */
export const welcomeStatuses = {
  /** The session is there, or will be made. */
  ready: 0,
  /** The session that was to be resumed is not known: the server was restarted, or gave it up. */
  "session-gone": 1,
  /** Another client of the same identity has taken its place. */
  "taken-over": 2,
  /** There are as many sessions as there may be: come again later. */
  full: 3,
  /** The server is about to end: come again later. */
  draining: 4,
} as const;
/** What it says, as a word. */
export type WelcomeStatus = keyof typeof welcomeStatuses;

/** What the client says in message 1. Who replays the message says it too. */
export interface Hello {
  /** What the client can do beyond version 1; unknown bits are not looked at. */
  readonly features: number;
  /** True where the session is to go on, false where it is to be made. */
  readonly resumes: boolean;
  /** 16 random bytes that the client has chosen. */
  readonly session: Uint8Array;
  /** Sequenced frames that the client has received. */
  readonly received: number;
  /** Who the client is, "" where it does not say: the newest session of an identity wins. */
  readonly identity: string;
}

/** What the server answers in message 2. */
export interface Welcome {
  readonly status: WelcomeStatus;
  /** What the server can do beyond version 1; what both name holds. */
  readonly features: number;
  /** Sequenced frames that the server has received in this session. */
  readonly received: number;
  /** Why, for people, where the status is not `ready`. */
  readonly text: string;
}

const encoder = new TextEncoder();

const helloBytes = 4 + 1 + sessionIdBytes + 8 + 1;

/** An identity as a hello carries it. @throws {NetError} kind "usage" where it is too long */
export function encodeIdentity(text: string): Uint8Array<ArrayBuffer> {
  const identity = encoder.encode(text);
  if (identity.length <= maximumIdentityBytes) return identity;
  const message = `an identity of ${identity.length} bytes, more than ${maximumIdentityBytes}`;
  throw new NetError({ kind: "usage", op: "link", message });
}

/** Writes a hello. @throws {NetError} kind "usage" where the identity is too long */
export function encodeHello(hello: Hello): Uint8Array<ArrayBuffer> {
  const identity = encodeIdentity(hello.identity);
  const bytes = new Uint8Array(helloBytes + identity.length);
  const view = viewOf(bytes);
  view.setUint32(0, hello.features);
  view.setUint8(4, hello.resumes ? 1 : 0);
  bytes.set(hello.session, 5);
  view.setBigUint64(21, BigInt(hello.received));
  view.setUint8(29, identity.length);
  bytes.set(identity, helloBytes);
  return bytes;
}

/** Reads a hello. @throws {NetError} kind "protocol" where it is none */
export function decodeHello(bytes: Uint8Array): Hello {
  if (bytes.length < helloBytes) throw malformed(`a hello of ${bytes.length} bytes`);
  const view = viewOf(bytes);
  const intent = view.getUint8(4);
  if (intent > 1) throw malformed(`a hello of unknown intent ${intent}`);
  const length = view.getUint8(29);
  if (length > maximumIdentityBytes) throw malformed(`an identity of ${length} bytes`);
  return {
    features: view.getUint32(0),
    resumes: intent === 1,
    session: bytes.slice(5, 5 + sessionIdBytes),
    received: positionOf(view, 21),
    identity: textOf(within(bytes, helloBytes, length)),
  };
}

const welcomeBytes = 1 + 4 + 8 + 1;

/** Writes a welcome. Its text is cut at 255 bytes. */
export function encodeWelcome(welcome: Welcome): Uint8Array<ArrayBuffer> {
  const words = shortText(welcome.text);
  const bytes = new Uint8Array(welcomeBytes + words.length);
  const view = viewOf(bytes);
  view.setUint8(0, welcomeStatuses[welcome.status]);
  view.setUint32(1, welcome.features);
  view.setBigUint64(5, BigInt(welcome.received));
  view.setUint8(13, words.length);
  bytes.set(words, welcomeBytes);
  return bytes;
}

/** Reads a welcome. @throws {NetError} kind "protocol" where it is none */
export function decodeWelcome(bytes: Uint8Array): Welcome {
  if (bytes.length < welcomeBytes) throw malformed(`a welcome of ${bytes.length} bytes`);
  const view = viewOf(bytes);
  const status = wordOf(welcomeStatuses, view.getUint8(0));
  if (status === null) throw malformed(`a welcome of unknown status ${view.getUint8(0)}`);
  return {
    status,
    features: view.getUint32(1),
    received: positionOf(view, 5),
    text: textOf(within(bytes, welcomeBytes, view.getUint8(13))),
  };
}

/** Positions are 64 bits on the wire and numbers here: exact up to 2 ** 53. */
function positionOf(view: DataView, at: number): number {
  const position = view.getBigUint64(at);
  if (position > Number.MAX_SAFE_INTEGER) throw malformed(`a position of ${position} frames`);
  return Number(position);
}

function within(bytes: Uint8Array, from: number, length: number): Uint8Array {
  if (from + length > bytes.length) throw malformed("a text that goes beyond its message");
  return bytes.subarray(from, from + length);
}
