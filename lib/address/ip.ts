/**
 * Numeric internet addresses: IPv4 as a strict dotted quad, IPv6 (RFC 4291) printed in its one
 * canonical form (RFC 5952).
 * @module
 */

/** True for four decimal numbers up to 255 without leading zeros. */
export function isIpv4(text: string): boolean {
  return ipv4Bytes(text) !== null;
}

/** The four bytes of a strict dotted quad, or null. */
export function ipv4Bytes(text: string): readonly number[] | null {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return null;
  const parts = text.split(".");
  const strict = parts.every((part) => Number(part) <= 255 && String(Number(part)) === part);
  return strict ? parts.map(Number) : null;
}

/**
 * What inet_aton(3) makes of the old spellings (`127.1`, `0177.1`, `0x7f000001`), as a dotted
 * quad, or null. Only to explain why they are refused: readers disagree on them.
 */
export function legacyIpv4(text: string): string | null {
  const parts = text.split(".", 5);
  if (parts.length > 4) return null;
  const numbers: number[] = [];
  for (const part of parts) {
    // Eleven digits are the most that 32 bits need (octal); "0x" alone is no number.
    if (!/^(?:0[xX][0-9a-fA-F]{1,10}|0[0-7]{0,11}|[1-9]\d{0,10})$/.test(part)) return null;
    numbers.push(/^0[0-7]/.test(part) ? parseInt(part, 8) : Number(part));
  }
  const last = numbers.pop() ?? 0;
  if (numbers.some((number) => number > 255) || last >= 256 ** (4 - numbers.length)) return null;
  const value = numbers.reduce((sum, number, i) => sum + number * 256 ** (3 - i), last);
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** The eight 16-bit groups of an IPv6 address without brackets and zone, or null. */
export function ipv6Groups(text: string): readonly number[] | null {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text)) return null;
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? "", true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  return [...head, ...Array<number>(missing).fill(0), ...tail];
}

/** Groups of one side of `::`; the last 32 bits may be a dotted quad (RFC 4291 2.2). */
function groupsOf(text: string, isLast: boolean): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const words = text.split(":");
  for (const [i, word] of words.entries()) {
    const quad = isLast && i === words.length - 1 ? ipv4Bytes(word) : null;
    if (quad !== null) {
      const [a = 0, b = 0, c = 0, d = 0] = quad;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(word)) {
      groups.push(parseInt(word, 16));
    } else return null;
  }
  return groups;
}

/** Prints eight groups as RFC 5952 asks: lower case, the longest run of zeros as `::`. */
export function formatIpv6(groups: readonly number[]): string {
  if (isMapped(groups)) {
    const [high = 0, low = 0] = groups.slice(6);
    return `::ffff:${[high >> 8, high & 255, low >> 8, low & 255].join(".")}`; // section 5
  }
  const words = groups.map((group) => group.toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return words.join(":"); // section 4.2.2: never for one group
  return `${words.slice(0, start).join(":")}::${words.slice(start + length).join(":")}`;
}

/** The first of the longest runs of zero groups (RFC 5952 section 4.2.3). */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== 0) start = i + 1;
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start };
  }
  return best;
}

function isMapped(groups: readonly number[]): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}

/**
 * True where an address means nothing without its interface: link-local unicast (fe80::/10), and
 * multicast of interface-local or link-local scope (RFC 4291 section 2.7).
 */
export function takesZone(groups: readonly number[]): boolean {
  const first = groups[0] ?? 0;
  if ((first & 0xffc0) === 0xfe80) return true;
  const scope = first & 0x000f;
  return (first & 0xff00) === 0xff00 && (scope === 1 || scope === 2);
}
