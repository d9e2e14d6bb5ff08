/**
 * What PING and PONG carry: a sequence number, both clocks' times, and what the peer says of
 * itself. The frames around them are `heartbeat_frame.ts`.
 *
 * All numbers are big-endian. Times are the sender's wall clock, in microseconds since 1970.
 *
 *     PING: sequence u32, t1 u64, then padding that is not looked at
 *     PONG: sequence u32, t1 u64 (both as they were asked), t2 u64, t3 u64, then facts
 *
 * t1 to t4 are the timestamps of RFC 5905, section 8: asked, asked as received, answered, answered
 * as received; t4 is the asker's own and travels nowhere. Microseconds and not NTP's 64-bit format:
 * its fraction is finer than any clock here, and its era ends in 2036.
 *
 * Padding is there because an answer over UDP may not be longer than what it answers (a forged
 * sender would have it amplified): who wants facts asks at length.
 * @module
 */

import { NetError } from "../core/error.ts";
import { decodeFacts, encodeFacts, type PeerFacts } from "./peer_facts.ts";

/** A request: "are you there, and what time is it?" */
export interface Ping {
  /** 0 to 2^32 - 1; the asker tells answers apart by it. */
  readonly sequence: number;
  /** t1: when it was sent by the asker's wall clock, in microseconds since 1970. */
  readonly sentUs: number;
}

/** The answer to a `Ping`. */
export interface Pong extends Ping {
  /** t2: when the request arrived, by the answerer's wall clock (us since 1970). */
  readonly receivedUs: number;
  /** t3: when this answer left, by the same clock. */
  readonly answeredUs: number;
  /** What the answerer says of itself. */
  readonly facts: PeerFacts;
}

/** Bytes of a PING without padding. */
export const pingBytes = 12;

/** Bytes of a PONG without facts. */
export const pongBytes = 28;

/** Longest facts that are read, and so the longest that are sent. */
export const maximumFactsBytes = 4096;

/** Longest payload of a PONG, and of a PING that makes room for it. */
export const maximumPongBytes: number = pongBytes + maximumFactsBytes;

/** What a PING over datagrams is padded to: room for the answerer's own facts and some `--say`. */
export const roomyPingBytes = 512;

/** Microseconds in a number are exact until the year 2255; later ones are refused. */
const latestUs = Number.MAX_SAFE_INTEGER;

/**
 * Writes a PING.
 *
 * @param size bytes of the payload: what is beyond `pingBytes` is padding of zeros
 */
export function encodePing(ping: Ping, size: number = pingBytes): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(size, pingBytes));
  putRequest(new DataView(bytes.buffer), ping);
  return bytes;
}

/**
 * Reads a PING.
 *
 * @throws {NetError} kind "protocol" for one that is too short, too long or out of time
 */
export function decodePing(payload: Uint8Array): Ping {
  if (payload.length < pingBytes) throw malformed("a PING is too short");
  if (payload.length > maximumPongBytes) throw malformed("a PING is too long");
  return requestOf(viewOf(payload));
}

/**
 * Writes a PONG. Facts that do not fit are left out from the end, whole lines at a time.
 *
 * @param maximum bytes that the payload may have; at least `pongBytes` are written
 */
export function encodePong(
  pong: Pong,
  maximum: number = maximumPongBytes,
): Uint8Array<ArrayBuffer> {
  const room = Math.min(maximum, maximumPongBytes) - pongBytes;
  const facts = encodeFacts(pong.facts, room);
  const bytes = new Uint8Array(pongBytes + facts.length);
  const view = new DataView(bytes.buffer);
  putRequest(view, pong);
  view.setBigUint64(12, BigInt(pong.receivedUs));
  view.setBigUint64(20, BigInt(pong.answeredUs));
  bytes.set(facts, pongBytes);
  return bytes;
}

/**
 * Reads a PONG.
 *
 * @throws {NetError} kind "protocol" for one that is too short, too long, out of time, or whose
 * facts are none
 */
export function decodePong(payload: Uint8Array): Pong {
  if (payload.length < pongBytes) throw malformed("a PONG is too short");
  if (payload.length > maximumPongBytes) throw malformed("a PONG is too long");
  const view = viewOf(payload);
  return {
    ...requestOf(view),
    receivedUs: timeAt(view, 12),
    answeredUs: timeAt(view, 20),
    facts: decodeFacts(payload.subarray(pongBytes)),
  };
}

function putRequest(view: DataView, { sequence, sentUs }: Ping): void {
  view.setUint32(0, sequence);
  view.setBigUint64(4, BigInt(sentUs));
}

function requestOf(view: DataView): Ping {
  return { sequence: view.getUint32(0), sentUs: timeAt(view, 4) };
}

function timeAt(view: DataView, at: number): number {
  const us = Number(view.getBigUint64(at));
  if (us > latestUs) throw malformed("a time is beyond the year 2255");
  return us;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function malformed(message: string): NetError {
  return new NetError({ kind: "protocol", op: "ping", message, blame: "remote" });
}
