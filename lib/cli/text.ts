/**
 * Plain text for terminals: wrapped paragraphs and aligned columns.
 * @module
 */

/** Width that pages are made for: the terminal's, but no line longer than the eye follows. */
export function pageWidth(columns: number | undefined): number {
  return Math.max(40, Math.min(columns ?? 80, 100));
}

/**
 * Breaks a paragraph at blanks. A word that is longer than the width stays whole.
 *
 * @param indent blanks before every line
 */
export function wrap(text: string, width: number, indent = 0): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines.map((line) => " ".repeat(indent) + line);
}

/**
 * Terms with their meaning: two columns, the second wrapped under itself. A term that is too long
 * for its column gets a line of its own.
 *
 * @param widest how wide the first column may become
 */
export function definitions(
  rows: ReadonlyArray<readonly [term: string, meaning: string]>,
  width: number,
  widest = 26,
): string[] {
  const fitting = rows.map(([term]) => term.length).filter((length) => length <= widest);
  const indent = 2 + Math.max(0, ...fitting) + 2;
  return rows.flatMap(([term, meaning]) => {
    const [first = "", ...others] = wrap(meaning, width, indent);
    const head = `  ${term}`;
    if (head.length + 2 > indent) return [head, first, ...others];
    return [(head.padEnd(indent) + first.trimStart()).trimEnd(), ...others];
  });
}

/**
 * A table: columns aligned on the left, those whose cells are all numbers on the right.
 *
 * @param heads names of the columns; without them, no head line
 */
export function table(
  rows: ReadonlyArray<readonly string[]>,
  heads?: readonly string[],
): string[] {
  const all = heads === undefined ? rows : [heads, ...rows];
  const count = Math.max(0, ...all.map((row) => row.length));
  const columns = Array.from({ length: count }, (_, at) => ({
    width: Math.max(...all.map((row) => [...row[at] ?? ""].length)),
    right: rows.length > 0 && rows.every((row) => /^[\d.,]+$/.test(row[at] ?? "")),
  }));
  return all.map((row) =>
    columns.map(({ width, right }, at) => {
      const cell = row[at] ?? "";
      const blanks = " ".repeat(width - [...cell].length);
      return right ? blanks + cell : cell + blanks;
    }).join("  ").trimEnd()
  );
}
