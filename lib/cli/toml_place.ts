/**
 * Where a key of a TOML file stands, for errors about its meaning: the parser tells places of broken
 * syntax only.
 *
 * Lines are looked at as they are, so that a `[[name]]` inside a string of several lines would count
 * as a header. The price is a line that is off in a file that nobody writes.
 * @module
 */

/** Where something is in a text, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * Finds the key in the table number `index` (from 0) of an array of tables; the header of that
 * table where the key is not found, and the first line that names the array where that is not.
 *
 * @param array its name: letters, digits, `-` and `_`
 * @param key null for the table itself
 */
export function placeInArray(
  text: string,
  array: string,
  index: number,
  key: string | null,
): Place {
  const heads = [
    ...text.matchAll(new RegExp(`^[ \\t]*\\[\\[[ \\t]*["']?${array}["']?[ \\t]*\\]\\]`, "gm")),
  ]
    .map((match) => match.index);
  const head = heads[index];
  // Written as `array = [{...}, ...]`.
  if (head === undefined) return placeOfKey(text, array);
  const table = text.slice(head, heads[index + 1]);
  const at = key === null ? -1 : offsetOfKey(table, key);
  return placeOf(text, head + Math.max(0, at));
}

/** Finds a key, or a table of that name, outside of any array. */
export function placeOfKey(text: string, key: string): Place {
  return placeOf(text, Math.max(0, offsetOfKey(text, key)));
}

/** The offset of its line, or -1. */
function offsetOfKey(text: string, key: string): number {
  const name = key.replace(/[^\w-]/g, "\\$&");
  return text.search(new RegExp(`^[ \\t]*\\[*[ \\t]*["']?${name}["']?[ \\t]*[=.\\]]`, "m"));
}

/** The first character that is not blank from an offset on. */
function placeOf(text: string, offset: number): Place {
  const blanks = /^[ \t]*/.exec(text.slice(offset))?.[0].length ?? 0;
  const lines = text.slice(0, offset + blanks).split("\n");
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
