/**
 * What the program says with `--json`, read back.
 * @module
 */

/** The objects of one event in a stream of NDJSON, in order; `*` for all. */
export function eventsOf(text: string, event: string): Record<string, unknown>[] {
  // The last line may be half of one: the process may still be writing it.
  return text.split("\n").slice(0, -1).filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line)).filter((object) => event === "*" || object.event === event);
}
