/**
 * Old spellings of IPv4 addresses as inet_aton(3) reads them: fewer than four parts, hexadecimal
 * and octal. Plumb's addresses refuse them (one text must be one host to every program); `addr`
 * explains them.
 * @module
 */

/** One part of an old spelling. */
export interface LegacyPart {
  readonly text: string;
  readonly base: 8 | 10 | 16;
  readonly value: number;
  /** How many bytes of the address it fills. */
  readonly bytes: number;
}

/** An old spelling with how it was read. */
export interface LegacyIpv4 {
  /** 4 bytes in network order. */
  readonly bytes: Uint8Array;
  readonly parts: readonly LegacyPart[];
}

/**
 * Reads `a`, `a.b`, `a.b.c` or `a.b.c.d`, each decimal, `0x` hexadecimal or `0` octal; the last
 * part fills the bytes that are left.
 *
 * @returns null for what inet_aton(3) refuses, and for trailing text, which glibc's ignores
 */
export function inetAton(text: string): LegacyIpv4 | null {
  const texts = text.split(".", 5);
  if (texts.length > 4) return null;
  const bytes = new Uint8Array(4);
  const parts: LegacyPart[] = [];
  for (const [at, part] of texts.entries()) {
    const room = at === texts.length - 1 ? 4 - at : 1;
    const base = baseOf(part);
    const value = base === null ? NaN : parseInt(part, base);
    if (base === null || !(value < 256 ** room)) return null;
    for (let byte = 0; byte < room; byte++) {
      bytes[at + byte] = Math.floor(value / 256 ** (room - 1 - byte)) % 256;
    }
    parts.push({ text: part, base, value, bytes: room });
  }
  return { bytes, parts };
}

function baseOf(part: string): LegacyPart["base"] | null {
  // Twenty digits are more than any part needs; leading zeros beyond that are nobody's address.
  if (part.length > 20) return null;
  if (/^0[xX][0-9a-fA-F]+$/.test(part)) return 16;
  if (/^0[0-7]+$/.test(part)) return 8;
  return /^(0|[1-9][0-9]*)$/.test(part) ? 10 : null;
}

const baseWords = { 8: "octal", 10: "decimal", 16: "hexadecimal" } as const;

/** The reading in words: `0x7f is hexadecimal for 127; 1 fills the last 3 bytes`. */
export function explainLegacy(legacy: LegacyIpv4): string {
  const said = legacy.parts.map((part) => {
    const words: string[] = [];
    if (part.base !== 10) words.push(`is ${baseWords[part.base]} for ${part.value}`);
    if (part.bytes === 4) words.push("fills all 4 bytes");
    else if (part.bytes > 1) words.push(`fills the last ${part.bytes} bytes`);
    return words.length === 0 ? null : `${part.text} ${words.join(" and ")}`;
  });
  return said.filter((words) => words !== null).join("; ");
}
