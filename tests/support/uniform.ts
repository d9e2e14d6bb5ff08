/**
 * Numbers between 0 and 1 from a seed, in the place of Math.random.
 * @module
 */

import { SeededBytes } from "./random.ts";

/** A function like Math.random that gives the same numbers on every run. */
export function uniform(seed: number): () => number {
  const source = new SeededBytes(seed);
  const bytes = new Uint8Array(4);
  const word = new Uint32Array(bytes.buffer);
  return () => {
    source.fill(bytes);
    return (word[0] ?? 0) / 2 ** 32;
  };
}
