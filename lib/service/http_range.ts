/**
 * `Range` (RFC 9110 section 14) -> the part that is sent.
 * @module
 */

/** Bytes from `start` up to and with `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Chooses what to send of a representation of `size` bytes.
 *
 * One range is served. Several would need a multipart answer, which clients hardly ask for and
 * attackers do (many small overlapping parts of one file cost more than the file), so they are
 * ignored as section 14.2 allows: the whole is sent. So is it for what is no byte range at all.
 *
 * @returns the range, "whole", or "unsatisfiable" where no range begins within the size
 */
export function chooseRange(
  header: string | undefined,
  size: number,
): ByteRange | "whole" | "unsatisfiable" {
  // Some 10 ranges are more than anyone means; the bound keeps the work linear and small.
  if (header === undefined || header.length > 512) return "whole";
  const [, list] = /^bytes=(.*)$/i.exec(header) ?? [];
  if (list === undefined) return "whole";
  const ranges: (ByteRange | null)[] = [];
  for (const part of list.split(",")) {
    const text = part.replace(/^[ \t]+|[ \t]+$/g, "");
    if (text === "") continue; // empty elements of a list are ignored (section 5.6.1)
    const range = readRange(text, size);
    if (range === "malformed") return "whole";
    ranges.push(range);
  }
  if (ranges.length === 0) return "whole";
  const satisfiable = ranges.filter((range) => range !== null);
  const [first] = satisfiable;
  if (first === undefined) return "unsatisfiable";
  return ranges.length === 1 ? first : "whole";
}

/** One `first-last`, `first-` or `-length`; null where it lies outside. */
function readRange(text: string, size: number): ByteRange | null | "malformed" {
  const [, firstText, lastText] = /^(\d*)-(\d*)$/.exec(text) ?? [];
  if (firstText === undefined || lastText === undefined) return "malformed";
  const last = lastText === "" ? Infinity : Number(lastText);
  if (firstText === "") {
    if (lastText === "") return "malformed";
    // A suffix longer than the whole is the whole; one of no bytes, or of nothing, is none.
    return last === 0 || size === 0 ? null : { start: Math.max(0, size - last), end: size - 1 };
  }
  const first = Number(firstText);
  if (last < first) return "malformed";
  return first >= size ? null : { start: first, end: Math.min(last, size - 1) };
}
