/**
 * Makes two sessions fit each other: where one has messages and the other is a stream, the stream
 * is cut.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import { chunkSizeFor, type Framing, messagesOver } from "./frame.ts";

/**
 * The two sessions, the stream among them framed where only one has messages.
 *
 * @param longestLine for framing "line", in bytes
 */
export function joined(
  a: Duplex,
  b: Duplex,
  framing: Framing = "chunk",
  longestLine?: number,
): readonly [Duplex, Duplex] {
  if (a.traits.messages === b.traits.messages) return [a, b];
  const frame = (stream: Duplex, messages: Duplex) =>
    messagesOver(stream, framing, {
      chunkSize: chunkSizeFor(messages.remote),
      ...(longestLine === undefined ? {} : { longestLine }),
    });
  return a.traits.messages ? [a, frame(b, a)] : [frame(a, b), b];
}
