/**
 * Text in the columns of a terminal: how wide it is, and cut to fit.
 * @module
 */

/**
 * Columns that a text takes, rather too many than too few: what may be two columns wide (letters of
 * East Asia, emoji: Unicode TR 11) counts as two, and marks that take none count as one. A line that
 * wrapped would be two lines, and a table that is redrawn would fall apart.
 */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

/** The text in exactly so many columns: padded, or cut with an ellipsis. */
export function fitColumns(text: string, columns: number): string {
  if (columns <= 0) return "";
  const own = columnsOf(text);
  if (own <= columns) return text + " ".repeat(columns - own);
  let cut = "";
  let left = columns - 1;
  for (const character of text) {
    const width = widthOf(character);
    if (width > left) break;
    cut += character;
    left -= width;
  }
  return `${cut}\u2026${" ".repeat(left)}`;
}

/** Hangul Jamo are the first that may be wide; of what lies behind, only these blocks are not. */
function widthOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x1100) return 1;
  // General punctuation to geometric shapes: ellipsis, arrows, blocks.
  return code >= 0x2000 && code < 0x2600 ? 1 : 2;
}
