/**
 * Errors of this side as codes for the peer, and the peer's codes as errors of this side.
 * @module
 */

import { type ErrorKind, NetError, quote, toNetError } from "../core/error.ts";
import type { LinkCode } from "../wire/link_code.ts";

/** What opening or listening failed for, as the peer is told. The others are "error". */
const codes: Readonly<Partial<Record<ErrorKind, LinkCode>>> = {
  "permission": "not-permitted",
  "exposure": "not-permitted",
  "authentication": "not-permitted",
  "refused": "refused",
  "unreachable": "unreachable",
  "resolve": "unreachable",
  "timeout": "timeout",
  "not-found": "not-found",
  "in-use": "in-use",
  "limit": "limit",
  "exhausted": "limit",
  "unavailable": "unavailable",
  "address": "bad-address",
  "option": "bad-address",
  "usage": "bad-address",
  "reset": "reset",
};

/** What the peer's code means here. The others are "refused" or "reset", by what they answer. */
const kinds: Readonly<Partial<Record<LinkCode, ErrorKind>>> = {
  "not-permitted": "permission",
  "unreachable": "unreachable",
  "timeout": "timeout",
  "not-found": "not-found",
  "in-use": "in-use",
  "limit": "limit",
  "unavailable": "unavailable",
  "bad-address": "address",
};

/** A failure as it is told to the peer. */
export function codeOf(thrown: unknown): { readonly code: LinkCode; readonly text: string } {
  const error = toNetError(thrown, "open");
  const name = error.code === undefined ? "" : ` (${error.code})`;
  return { code: codes[error.kind] ?? "error", text: `${error.reason}${name}` };
}

/** Why a channel is broken, as the peer is told. */
export function resetCodeOf(reason: unknown): LinkCode {
  return reason instanceof NetError ? codes[reason.kind] ?? "cancelled" : "cancelled";
}

/** The peer's answer to an open or a listen. */
export function refusedError(
  op: "open" | "listen",
  address: string,
  code: LinkCode,
  text: string,
): NetError {
  const said = text === "" ? code : quote(text);
  return new NetError({
    kind: kinds[code] ?? "refused",
    op,
    address: quote(address),
    message: `refused by the other side of the link: ${said}`,
    blame: "remote",
  });
}

/** The peer, or the end of its session, broke a channel. */
export function resetError(address: string, code: LinkCode): NetError {
  return new NetError({
    kind: "reset",
    op: "channel",
    address: quote(address),
    message: code === "reset"
      ? "connection reset at the other side of the link"
      : `broken at the other side of the link (${code})`,
    blame: "remote",
  });
}

/** What is written to a channel that its session did not outlive. */
export function overError(address: string): NetError {
  const message = "the session of the link has ended";
  return new NetError({ kind: "broken", op: "channel", address, message, blame: "remote" });
}

/** The peer takes nothing any more, while it is told that the session ends. */
export function stalledError(waitMs: number): NetError {
  const message = `the other side takes nothing since ${waitMs / 1000} s`;
  return new NetError({ kind: "timeout", op: "link", message, blame: "remote" });
}
