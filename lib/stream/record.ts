/**
 * `--record PREFIX`: the bytes of each direction into a sink of their own.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import type { Direction, Tap } from "./tap.ts";

/**
 * A tap that writes each direction to its sink, byte for byte. It owns the sinks and closes them
 * with the session.
 *
 * @throws {NetError} out of the session when a sink takes no more (a full disk): a recording with
 * holes would be worse than none.
 */
export function record(sinks: Readonly<Record<Direction, Duplex>>): Tap {
  return {
    chunk: (direction, chunk) => sinks[direction].write(chunk),
    end: (direction) => sinks[direction].closeWrite(),
    async close() {
      await sinks["a-b"][Symbol.asyncDispose]();
      await sinks["b-a"][Symbol.asyncDispose]();
    },
  };
}
