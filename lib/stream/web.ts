/**
 * A session as a pair of web streams, for code that speaks those.
 * @module
 */

import type { Duplex } from "../core/contract.ts";

/** The two directions of a session as web streams. */
export interface WebStreams {
  /** What the peer sends; closed at its end of input, errored with a `NetError`. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What the peer gets; backpressure is the session's own. */
  readonly writable: WritableStream<Uint8Array>;
}

/** Most that one read of a byte stream takes. */
const usualChunk = 64 * 1024;

/**
 * Shows a session as web streams. The end of the writable is half-close and leaves the readable
 * open; cancelling the readable or aborting the writable breaks the session. The caller disposes
 * the session.
 *
 * @example
 * ```ts
 * import { connect, webStreams } from "@plumb/plumb";
 *
 * await using peer = await connect("script:send=hello");
 * const { readable } = webStreams(peer);
 * if (await new Response(readable).text() !== "hello") throw new Error("not greeted");
 * ```
 */
export function webStreams(session: Duplex): WebStreams {
  // A message that did not fit would be an error.
  const chunkSize = Math.max(usualChunk, session.traits.maximumMessage ?? 0);
  return {
    readable: new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        await session.readable?.();
        const buffer = new Uint8Array(chunkSize);
        const n = await session.read(buffer);
        if (n === null) controller.close();
        else controller.enqueue(n * 4 < chunkSize ? buffer.slice(0, n) : buffer.subarray(0, n));
      },
      cancel: (reason) => session.abort(reason),
    }, { highWaterMark: 0 }),
    writable: new WritableStream<Uint8Array>({
      write: (chunk) => session.write(chunk),
      close: () => session.closeWrite(),
      abort: (reason) => session.abort(reason),
    }, { highWaterMark: 1 }),
  };
}
