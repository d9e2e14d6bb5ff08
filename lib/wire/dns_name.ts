/**
 * Domain names on the wire (RFC 1035 sections 3.1 and 4.1.4): length-counted labels, with
 * compression pointers when reading. Names are held in presentation form without the last dot
 * (the root is "."): a dot or backslash within a label is escaped, and so is every byte that is
 * not printable ASCII (`\DDD`, RFC 1035 section 5.1).
 * @module
 */

import { NetError, quote } from "../core/error.ts";

/** Bytes of a name with its counts, and of a label (RFC 1035 section 2.3.4). */
const longestName = 255;
const longestLabel = 63;
/** An honest pointer stands after a label, and a name has at most 127 of those. */
const mostPointers = 127;

/** What a malformed message or name is reported as. */
export function dnsFault(message: string): NetError {
  return new NetError({ kind: "protocol", op: "dns", message, blame: "remote" });
}

/**
 * Writes a name, uncompressed: compression is allowed, never required, and what plumb sends is
 * one question.
 *
 * @throws {NetError} kind "usage" for an empty or overlong label, an overlong name, a bad escape,
 * or anything but ASCII (an internationalized name is given in its `xn--` form)
 */
export function encodeName(name: string): Uint8Array {
  const bytes: number[] = [];
  // A name of the longest possible size is 4 characters a byte when all of it is escaped.
  if (name.length > longestName * 4) throw badName(name, "longer than 255 bytes");
  for (const label of name === "." || name === "" ? [] : labelsOf(name)) {
    if (label.length === 0) throw badName(name, "an empty label");
    if (label.length > longestLabel) throw badName(name, "a label of more than 63 bytes");
    bytes.push(label.length, ...label);
  }
  bytes.push(0);
  if (bytes.length > longestName) throw badName(name, "longer than 255 bytes");
  return Uint8Array.from(bytes);
}

function labelsOf(name: string): number[][] {
  const labels: number[][] = [[]];
  for (let at = 0; at < name.length; at++) {
    const label = labels[labels.length - 1] ?? [];
    const character = name[at];
    if (character === ".") {
      if (at < name.length - 1) labels.push([]);
      else if (label.length === 0) throw badName(name, "an empty label");
    } else if (character === "\\") {
      const digits = /^[0-9]{3}/.exec(name.slice(at + 1, at + 4))?.[0];
      if (digits === undefined ? at + 1 >= name.length : Number(digits) > 255) {
        throw badName(name, "a bad escape");
      }
      label.push(digits === undefined ? asciiAt(name, at + 1) : Number(digits));
      at += digits?.length ?? 1;
    } else {
      label.push(asciiAt(name, at));
    }
  }
  return labels;
}

function asciiAt(name: string, at: number): number {
  const code = name.charCodeAt(at);
  if (code > 0x7f) throw badName(name, "not ASCII");
  return code;
}

function badName(name: string, message: string): NetError {
  return new NetError({ kind: "usage", op: "dns", address: quote(name), message });
}

/** A name that was read, and where what follows it begins. */
export interface ReadName {
  readonly name: string;
  readonly next: number;
}

/**
 * Reads a name out of a whole message. A pointer must lead to before the labels it stands in, so
 * that no loop can be made: hostile messages cost at most 255 bytes and 127 jumps a name.
 *
 * @throws {NetError} kind "protocol" for a cut or overlong name, too many pointers, or one that
 * leads forward
 */
export function readName(message: Uint8Array, offset: number): ReadName {
  const labels: string[] = [];
  let at = offset;
  let earliest = offset;
  let next: number | null = null;
  let total = 1;
  let pointers = 0;
  for (;;) {
    const count = message[at];
    if (count === undefined) throw dnsFault("a name is cut off");
    if (count === 0) break;
    if (count >= 0xc0) {
      const target = ((count & 0x3f) << 8) | (message[at + 1] ?? 0);
      if (at + 1 >= message.length) throw dnsFault("a name is cut off");
      if (target >= earliest) throw dnsFault("a compression pointer does not lead backwards");
      if (++pointers > mostPointers) throw dnsFault("too many compression pointers");
      next ??= at + 2;
      at = earliest = target;
      continue;
    }
    // 0x40 and 0x80 are extended labels (RFC 6891 section 5) that nobody uses.
    if (count > longestLabel) throw dnsFault("an unknown kind of label");
    const label = message.subarray(at + 1, at + 1 + count);
    if (label.length < count) throw dnsFault("a name is cut off");
    total += 1 + count;
    if (total > longestName) throw dnsFault("a name is longer than 255 bytes");
    labels.push(labelText(label));
    at += 1 + count;
  }
  return { name: labels.length === 0 ? "." : labels.join("."), next: next ?? at + 1 };
}

function labelText(label: Uint8Array): string {
  let text = "";
  for (const byte of label) {
    const character = String.fromCharCode(byte);
    if (character === "." || character === "\\") text += `\\${character}`;
    else if (byte > 0x20 && byte < 0x7f) text += character;
    else text += `\\${String(byte).padStart(3, "0")}`;
  }
  return text;
}

/**
 * A name as `readName` would give it: without the last dot, escapes in their one form.
 *
 * @throws {NetError} kind "usage" as `encodeName`
 */
export function normalName(name: string): string {
  return readName(encodeName(name), 0).name;
}

/** True for two spellings, as `readName` gives them, of one name: ASCII case is no matter (RFC 4343). */
export function sameName(a: string, b: string): boolean {
  return foldedName(a) === foldedName(b);
}

/** The name in lower case, to be compared. */
export function foldedName(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The name whose PTR record names an address: `1.2.0.192.in-addr.arpa` (RFC 1035 3.5, RFC 3596). */
export function reverseName(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${Array.from(bytes).reverse().join(".")}.in-addr.arpa`;
  const nibbles = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${[...nibbles].reverse().join(".")}.ip6.arpa`;
}
