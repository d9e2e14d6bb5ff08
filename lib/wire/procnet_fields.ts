/**
 * What the files under /proc/net have in common: lines of blank-separated fields, numbers in hex,
 * addresses printed as the machine's words.
 * @module
 */

import { inetNtop } from "./inet.ts";

/**
 * Reads each line that `read` understands; others (headers, cut lines, what a newer kernel adds)
 * are left out. Linear in the length of the text.
 */
export function rowsOf<Row>(text: string, read: (line: string) => Row | null): Row[] {
  const rows: Row[] = [];
  for (const line of text.split("\n")) {
    const row = line === "" ? null : read(line);
    if (row !== null) rows.push(row);
  }
  return rows;
}

/** The fields of a line. */
export function fieldsOf(line: string): string[] {
  return line.trim().split(/\s+/);
}

/** Reads a hexadecimal number, or NaN for anything else. */
export function hex(text: string | undefined): number {
  return text !== undefined && /^[0-9a-fA-F]{1,13}$/.test(text) ? parseInt(text, 16) : NaN;
}

/** Reads a decimal number, or NaN for anything else. */
export function decimal(text: string | undefined): number {
  return text !== undefined && /^[0-9]{1,19}$/.test(text) ? Number(text) : NaN;
}

/** Bytes of hexadecimal text in the order written, or null. */
export function hexBytes(text: string | undefined, length: number): Uint8Array | null {
  if (text?.length !== length * 2 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  return Uint8Array.from({ length }, (_, at) => parseInt(text.slice(at * 2, at * 2 + 2), 16));
}

/**
 * An address printed with `%08X` a 32-bit word, as in /proc/net/tcp and route: the bytes of each
 * word come out turned round on a little-endian machine.
 *
 * @returns 4 or 16 bytes in network order, or null
 */
export function wordBytes(text: string | undefined): Uint8Array | null {
  const bytes = hexBytes(text, text?.length === 32 ? 16 : 4);
  for (let word = 0; bytes !== null && word < bytes.length; word += 4) {
    bytes.subarray(word, word + 4).reverse();
  }
  return bytes;
}

/** The same as text, or null. */
export function wordHost(text: string | undefined): string | null {
  const bytes = wordBytes(text);
  return bytes === null ? null : inetNtop(bytes);
}
