/**
 * Codes that frames of a link carry: why a channel was refused or reset, why a session ended.
 * Numbers are for ever; `lib/link/PROTOCOL.md` shows the same table.
 * @module
 */

import { NetError } from "../core/error.ts";

/** Every code by name: below 256 what can happen to honest peers, from 256 what breaks the rules. */
export const linkCodes = {
  "done": 0,
  "error": 1,
  "cancelled": 2,
  "not-permitted": 3,
  "refused": 4,
  "unreachable": 5,
  "timeout": 6,
  "not-found": 7,
  "in-use": 8,
  "limit": 9,
  "no-listener": 10,
  "reset": 11,
  "taken-over": 12,
  "shutting-down": 13,
  "unavailable": 14,
  "bad-address": 15,
  "malformed": 256,
  "unknown-frame": 257,
  "illegal-frame": 258,
  "unknown-channel": 259,
  "bad-channel": 260,
  "unknown-listener": 261,
  "bad-listener": 262,
  "credit-exceeded": 263,
  "credit-overflow": 264,
  "resume-expected": 265,
  "bad-resume": 266,
  "bad-ack": 267,
  "too-many": 268,
} as const;

/** Name of a code. */
export type LinkCode = keyof typeof linkCodes;

const names: ReadonlyMap<number, LinkCode> = new Map(
  Object.entries(linkCodes).map(([name, number]) => [number, name as LinkCode]),
);

/** Name of a number; one that a later version has invented is "error". */
export function linkCodeOf(number: number): LinkCode {
  return names.get(number) ?? "error";
}

/**
 * What a peer may not send. It ends the session: after it the two sides no longer agree on what
 * was said, and on the next carrier the same frame would only come again.
 *
 * @returns {NetError} kind "protocol", with the code's name in `code`
 */
export function linkFault(code: LinkCode, message: string): NetError {
  return new NetError({ kind: "protocol", op: "link", message, code, blame: "remote" });
}

/** The code of what `linkFault` made; "error" for any other error. */
export function codeOfFault(fault: NetError): LinkCode {
  const name = fault.code ?? "";
  return Object.hasOwn(linkCodes, name) ? name as LinkCode : "error";
}
