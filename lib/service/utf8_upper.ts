/**
 * Upper case of UTF-8 text that arrives cut anywhere. Bytes that are not UTF-8 stay as they are.
 * @module
 */

import { concatenate } from "../core/bytes.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();
const nothing = new Uint8Array(0);

/**
 * Length of the well-formed sequence at `at` (RFC 3629 section 4), 0 where none begins, or -1 where
 * the bytes end within one that may still become well-formed.
 */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return -1;
    // The second byte has the tighter bounds that rule out overlong forms, surrogates and what
    // lies above U+10FFFF.
    const low = i > 1 ? 0x80 : lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = i > 1 ? 0xbf : lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (byte < low || byte > high) return 0;
  }
  return length;
}

/** Where the run of well-formed characters beyond ASCII that begins at `at` ends. */
function longEnd(bytes: Uint8Array, at: number): number {
  while ((bytes[at] ?? 0) >= 0x80) {
    const length = sequenceLength(bytes, at);
    if (length <= 0) break;
    at += length;
  }
  return at;
}

/**
 * Upper-cases text piece by piece: the pieces that it gives, joined, are the upper case of the
 * pieces that it got, joined, wherever they were cut. That holds because Unicode's upper-casing
 * (without a language's own rules) looks at one character at a time, unlike its lower-casing.
 *
 * A TextDecoder in stream mode is not enough: it replaces what is not UTF-8 by U+FFFD, and such
 * bytes must come back untouched.
 */
export class Utf8Upper {
  /** The beginning of a sequence whose rest has not come yet, at most 3 bytes. */
  #held = nothing;

  /** Takes a piece; gives the upper case of all complete characters so far, in a new array. */
  push(piece: Uint8Array): Uint8Array {
    const bytes = this.#held.length === 0 ? piece : concatenate([this.#held, piece]);
    let out = new Uint8Array(bytes.length);
    let filled = 0;
    let at = 0;
    while (at < bytes.length) {
      const byte = bytes[at] ?? 0;
      if (byte < 0x80) {
        out[filled++] = byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
        at++;
        continue;
      }
      const end = longEnd(bytes, at);
      if (end === at) {
        if (sequenceLength(bytes, at) < 0) break;
        out[filled++] = byte;
        at++;
        continue;
      }
      const upper = encoder.encode(decoder.decode(bytes.subarray(at, end)).toUpperCase());
      at = end;
      // Some characters grow: U+0390 has two bytes, and its upper case is three characters.
      const needed = filled + upper.length + bytes.length - at;
      if (needed > out.length) {
        out = concatenate([out.subarray(0, filled), new Uint8Array(needed * 2)]);
      }
      out.set(upper, filled);
      filled += upper.length;
    }
    this.#held = bytes.slice(at);
    return out.subarray(0, filled);
  }

  /** The text is over: gives what was held back, untouched, because it never became a character. */
  finish(): Uint8Array {
    const rest = this.#held;
    this.#held = nothing;
    return rest;
  }
}
