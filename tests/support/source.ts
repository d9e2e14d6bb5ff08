/**
 * The reading side of a session, made of chunks at hand: for tests of readers.
 * @module
 */

import type { ReadSide } from "../../lib/stream/read.ts";

/** Gives the chunks one after another, a read never more than one of them; then the end. */
export function sourceOf(chunks: readonly Uint8Array[]): ReadSide {
  const left = chunks.filter((chunk) => chunk.length > 0);
  return {
    remote: { scheme: "memory", text: "memory:source" },
    read(into) {
      const chunk = left.shift();
      if (chunk === undefined) return Promise.resolve(null);
      const taken = chunk.subarray(0, into.length);
      into.set(taken);
      if (taken.length < chunk.length) left.unshift(chunk.subarray(taken.length));
      return Promise.resolve(taken.length);
    },
  };
}
