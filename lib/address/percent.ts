/**
 * Percent escapes (RFC 3986 section 2.1), strictly: `%` and two hex digits or an error, `+` is
 * itself, and what the escapes spell must be UTF-8.
 * @module
 */

import type { Source } from "./source.ts";

const encoder = new TextEncoder();
// ignoreBOM keeps U+FEFF: without it "%EF%BB%BF" would decode to nothing, and not round-trip.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes a range of the text to text.
 *
 * @throws {AddressError} for a broken escape, escapes that are no UTF-8, and NUL
 */
export function decodeText(source: Source, start: number, end: number): string {
  checkEscapes(source, start, end);
  const raw = source.text.slice(start, end);
  // Each run of escapes is decoded by itself: raw characters are whole, so a sequence never
  // continues from an escape into them.
  return raw.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run, at: number) => {
    const bytes = new Uint8Array(run.length / 3);
    for (let i = 0; i < bytes.length; i++) {
      bytes[i] = hexByte(run, i * 3 + 1);
      if (bytes[i] === 0) throw source.error(start + at + i * 3, "NUL is not allowed");
    }
    try {
      return decoder.decode(bytes);
    } catch {
      // A fatal decoder has one way to fail, and a TypeError of its words says less than ours.
      throw source.error(start + at, "the percent escapes are not UTF-8");
    }
  });
}

/**
 * Decodes a range of the text to bytes, as a string of one code unit a byte (latin-1). Characters
 * beyond ASCII stand for their UTF-8 bytes; escapes may spell any byte, NUL included.
 *
 * @throws {AddressError} for a broken escape
 */
export function decodeBytes(source: Source, start: number, end: number): string {
  checkEscapes(source, start, end);
  const bytes = encoder.encode(source.text.slice(start, end));
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at] ?? 0;
    if (byte === 0x25) {
      byte = hexDigit(bytes[at + 1] ?? 0) * 16 + hexDigit(bytes[at + 2] ?? 0);
      at += 2;
    }
    bytes[length++] = byte; // decoding only shrinks: writing behind the reader is safe
  }
  return latin1(bytes.subarray(0, length));
}

/** Characters that never stand raw: C0 and C1 controls, DEL, line separators, and the escape. */
const always = "\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029%";
const inPath = new RegExp(`[${always}?]+`, "g");
const inValue = new RegExp(`[${always}& ]+`, "g");

/** Encodes a path or a name: `?` would begin the options. */
export function encodePath(text: string): string {
  return text.replace(inPath, encodeURIComponent);
}

/** Encodes an option's value: `&` ends it, a blank ends the options of `exec:?` and `sh:?`. */
export function encodeValue(text: string): string {
  return text.replace(inValue, encodeURIComponent);
}

/** Encodes bytes (latin-1) of a script step; the inverse of `decodeBytes`. */
export function encodeBytes(bytes: string): string {
  return bytes.replace(/[^!"#$'-<>@-~=]+/g, (run) => {
    let text = "";
    for (const c of run) text += `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
    return text;
  });
}

function checkEscapes(source: Source, start: number, end: number): void {
  const raw = source.text.slice(start, end);
  const broken = raw.search(/%(?![0-9A-Fa-f]{2})/);
  if (broken < 0) return;
  const hint = "write %25 for a percent sign";
  throw source.error(start + broken, "a percent sign needs two hex digits after it", hint);
}

function hexByte(text: string, at: number): number {
  return hexDigit(text.charCodeAt(at)) * 16 + hexDigit(text.charCodeAt(at + 1));
}

/** Value of a hex digit given by its ASCII code; letters differ from digits by bit 6. */
function hexDigit(code: number): number {
  return (code & 0x40) === 0 ? code & 0x0f : (code & 0x0f) + 9;
}

/** Bytes as one code unit each; TextDecoder's "latin1" is windows-1252 and would change some. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  // In pieces: an argument list has a limit of its own.
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return text;
}
