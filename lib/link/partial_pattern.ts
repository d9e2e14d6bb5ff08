/**
 * A regular expression -> one that matches what may still become a match: the beginning of one, cut
 * anywhere. So a line that has come in part is held back only while it matters.
 *
 * Each atom `X` becomes `(?:X|$)`: where the text ends before it, the rest is taken for granted.
 * @module
 */

/** What begins at the place where a pattern is read. */
const token =
  /(\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|c[A-Za-z]|[1-9]\d*|k<[^>]*>|[\s\S])|\[(?:\\[\s\S]|[^\]\\])*\]|\((?:\?(?::|=|!|<=|<!|<[^>]*>))?|[*+?]\??|\{\d+(?:,\d*)?\}\??|[\s\S])/y;

/**
 * Makes the expression for beginnings, anchored at the start of the text.
 *
 * @returns null for patterns that cannot be cut so simply: with what refers back, looks behind, or
 * excludes what follows
 */
export function partialPattern(pattern: RegExp): RegExp | null {
  let source = "";
  token.lastIndex = 0;
  for (let found = token.exec(pattern.source); found !== null; found = token.exec(pattern.source)) {
    const piece = pieceOf(found[0]);
    if (piece === null) return null;
    source += piece;
  }
  try {
    return new RegExp(`^(?:${source})`, pattern.flags.replace(/[gy]/g, ""));
  } catch {
    return null;
  }
}

function pieceOf(text: string): string | null {
  if (/^\\(?:[1-9]|k)/.test(text) || /^\(\?(?:!|<=|<!)/.test(text)) return null;
  if (text.startsWith("(")) return text;
  // What follows a group may have been cut off within it.
  if (text === ")") return "|$)";
  const isAtom = !/^(?:[*+?{|^$]|\\b$)/.test(text);
  return isAtom || text === "\\b" || text === "{" ? `(?:${text}|$)` : text;
}

/** True where every match begins where the line does. */
export function isAnchored(pattern: RegExp): boolean {
  // Of several alternatives each would have to be: only the plain case is worth telling.
  return pattern.source.startsWith("^") && !pattern.source.includes("|");
}
