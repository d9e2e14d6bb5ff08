/**
 * `-x` with `--json`: what passes, as objects, because standard error is NDJSON then.
 * @module
 */

import type { Direction, Tap } from "../stream/tap.ts";
import type { ErrorOutput } from "./error_output.ts";

/** A tap that says each chunk as an event `data`, with its hex, and each end as `data-end`. */
export function dataEvents(errors: ErrorOutput): Tap {
  const offsets: Record<Direction, number> = { "a-b": 0, "b-a": 0 };
  return {
    chunk(direction, chunk) {
      const hex = Array.from(chunk, (byte) => byte.toString(16).padStart(2, "0")).join("");
      errors.object("data", { direction, offset: offsets[direction], bytes: chunk.length, hex });
      offsets[direction] += chunk.length;
    },
    end(direction) {
      errors.object("data-end", { direction, offset: offsets[direction] });
    },
  };
}
