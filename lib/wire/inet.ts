/**
 * Numeric internet addresses, text to bytes and back: inet_pton(3) and inet_ntop(3), by hand and
 * without a package, because every connection shows an address and starting must cost little.
 * @module
 */

/** No longer text is an IPv6 address: eight groups, the last two written as IPv4. */
const longestText = "0000:0000:0000:0000:0000:ffff:255.255.255.255".length;

/**
 * Reads a numeric address in the strict form of inet_pton(3): four decimal numbers without leading
 * zeros, or RFC 4291 section 2.2 text without zone or brackets.
 *
 * @returns 4 or 16 bytes in network order, or null for any other text
 */
export function inetPton(text: string): Uint8Array | null {
  if (text.length > longestText) return null;
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (const [at, part] of parts.entries()) {
    // A leading zero is octal to inet_aton and decimal to others: inet_pton takes neither.
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return null;
    bytes[at] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 1 ? [] : groupsOf(halves[1] ?? "", true);
  if (head === null || tail === null) return null;
  const given = head.length + tail.length;
  // "::" stands for at least one group (RFC 5952 section 4.2.2 would not even write just one).
  if (halves.length === 1 ? given !== 8 : given > 7) return null;
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  head.forEach((group, at) => view.setUint16(at * 2, group));
  tail.forEach((group, at) => view.setUint16((8 - tail.length + at) * 2, group));
  return bytes;
}

/** Groups of one side of "::"; the last two may be written as IPv4 at the very end of the text. */
function groupsOf(text: string, atEnd: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(parseInt(part, 16));
      continue;
    }
    const [a, b, c, d] = atEnd && at === parts.length - 1 ? parseIpv4(part) ?? [] : [];
    if (a === undefined || b === undefined || c === undefined || d === undefined) return null;
    groups.push((a << 8) | b, (c << 8) | d);
  }
  return groups;
}

/**
 * Writes an address as people read it: IPv4 dotted, IPv6 in the form of RFC 5952 (lower case, the
 * first longest run of zero groups as "::"), IPv4-mapped ones as `::ffff:192.0.2.1` (section 5).
 *
 * The deprecated IPv4-compatible form (`::1.2.3.4`), which glibc still prints, is not used: it
 * makes `::1:2` unreadable.
 *
 * @param bytes 4 or 16 bytes in network order
 * @throws {RangeError} for any other number of bytes
 */
export function inetNtop(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new RangeError(`an address has 4 or 16 bytes: ${bytes.length}`);
  const mapped = mappedIpv4(bytes);
  if (mapped !== null) return `::ffff:${mapped.join(".")}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(at * 2));
  const zeros = longestZeroRun(groups);
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (zeros === null) return hex(groups);
  return `${hex(groups.slice(0, zeros.start))}::${hex(groups.slice(zeros.start + zeros.length))}`;
}

/** The first longest run of at least two zero groups (RFC 5952 section 4.2). */
function longestZeroRun(groups: number[]): { start: number; length: number } | null {
  let best: { start: number; length: number } | null = null;
  let length = 0;
  for (const [at, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length >= 2 && length > (best?.length ?? 0)) best = { start: at - length + 1, length };
  }
  return best;
}

/** The IPv4 address within an IPv4-mapped IPv6 one (`::ffff:0:0/96`), or null. */
export function mappedIpv4(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return null;
  for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return null;
  return bytes.slice(12);
}

/** The IPv4-mapped IPv6 address of an IPv4 one, as a dual-stack socket sees it (ipv6(7)). */
export function mapIpv4(bytes: Uint8Array): Uint8Array {
  const mapped = new Uint8Array(16);
  mapped.set([0xff, 0xff], 10);
  mapped.set(bytes.subarray(0, 4), 12);
  return mapped;
}

/** The address as one number, most significant byte first: 127.0.0.1 is 2130706433. */
export function addressNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
