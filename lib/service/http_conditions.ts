/**
 * Conditional requests (RFC 9110 section 13): request headers x what is there -> what to answer.
 * @module
 */

import { parseHttpDate } from "./http_date.ts";

/** What identifies the state of a representation. */
export interface Validators {
  /** A strong entity tag, quotes included. */
  readonly etag: string;
  /** When it was changed (ms since 1970), in whole seconds. */
  readonly modifiedMs: number;
}

/** Reads a header by its lower-case name. */
export type HeaderReader = (name: string) => string | undefined;

/** Opaque tags in a list: `"a", W/"b"` (section 8.8.3). */
const entityTag = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Evaluates the preconditions of a GET or HEAD in the order of section 13.2.2.
 *
 * @returns "proceed", "not-modified" (304) or "failed" (412)
 */
export function evaluate(
  header: HeaderReader,
  current: Validators,
  nowMs: number,
): "proceed" | "not-modified" | "failed" {
  const date = (name: string) => {
    const text = header(name);
    return text === undefined ? null : parseHttpDate(text, nowMs);
  };
  const wanted = header("if-match");
  if (wanted !== undefined) {
    if (!lists(wanted, current.etag, "strong")) return "failed";
  } else {
    const unmodifiedSince = date("if-unmodified-since");
    if (unmodifiedSince !== null && current.modifiedMs > unmodifiedSince) return "failed";
  }
  const known = header("if-none-match");
  if (known !== undefined) return lists(known, current.etag, "weak") ? "not-modified" : "proceed";
  const modifiedSince = date("if-modified-since");
  const isOld = modifiedSince !== null && current.modifiedMs <= modifiedSince;
  return isOld ? "not-modified" : "proceed";
}

/**
 * True where `Range` counts: without `If-Range`, or where it names the very state that is there
 * (section 13.1.5): a part of another state would be glued to what the client has.
 */
export function rangeCounts(header: HeaderReader, current: Validators, nowMs: number): boolean {
  const text = header("if-range");
  if (text === undefined) return true;
  if (text.startsWith('"')) return text === current.etag;
  // A date is a strong validator only where it matches exactly; a weak tag never is.
  return parseHttpDate(text, nowMs) === current.modifiedMs;
}

function lists(text: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (text.trim() === "*") return true;
  for (const [, weak, tag] of text.matchAll(entityTag)) {
    if (tag === etag && (weak === undefined || comparison === "weak")) return true;
  }
  return false;
}
