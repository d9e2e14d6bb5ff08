/**
 * One stream of NDJSON objects, in the shape that every report, event and error keeps: `event`
 * first, `schema: 1` in the first object of the stream, safe to show on a terminal.
 * @module
 */

/** Fields of an object; keys in camelCase, durations end in `Ms`, sizes are bytes. */
export type ObjectFields = Readonly<Record<string, unknown>>;

/** Makes the lines of one stream. */
export class ObjectLines {
  #first = true;

  /** @returns the line, with its newline */
  line(event: string, fields: ObjectFields): string {
    const schema = this.#first ? { schema: 1 } : {};
    this.#first = false;
    return `${encode({ event, ...schema, ...fields })}\n`;
  }
}

/** RFC 3339, in UTC, with milliseconds. @param wallMs milliseconds since 1970 */
export function timestamp(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

/**
 * JSON on one line. C1 control characters and line separators are escaped too: JSON allows them
 * as they are, terminals obey them.
 */
function encode(value: unknown): string {
  const json = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return part.toString();
    return part instanceof Error ? part.message : part;
  });
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
