/**
 * `--frame`: how a byte stream is cut where it meets messages.
 *
 * - `chunk`: one read is one message, at most what an unfragmented datagram carries;
 * - `line`: a newline ends a message and stays in it; on output it is added only where missing;
 * - `length`: two bytes, big-endian, before each message.
 * @module
 */

import type { Duplex, Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { LineReader, readExactly } from "./read.ts";
import { WrappedDuplex } from "./wrapped.ts";

/** The ways to cut a stream. */
export const framings = ["chunk", "line", "length"] as const;
/** A way to cut a stream. */
export type Framing = typeof framings[number];

/** Payload of one Ethernet frame: 1500 less 20 (IPv4) or 40 (IPv6) and 8 bytes of UDP. */
const chunkIPv4 = 1472;
const chunkIPv6 = 1452;

const newline = 0x0a;

/** The largest message that `--frame chunk` makes for this peer, in bytes. */
export function chunkSizeFor(peer: Peer): number {
  return peer.host?.includes(":") ? chunkIPv6 : chunkIPv4;
}

/** How to cut. */
export interface FrameOptions {
  /** Largest message of `chunk`, in bytes; default 1472. */
  readonly chunkSize?: number;
  /** Longest line of `line`, in bytes; default 1 MiB. */
  readonly longestLine?: number;
}

/**
 * Shows a byte stream as a session of messages. It owns the stream.
 *
 * @throws {NetError} from `read`: kind "too-large" for a message that does not fit, "protocol" for
 * a stream that ends within a message, "limit" for a line that does not end; from `write`: kind
 * "too-large" for a message over 65,535 bytes with `length`
 */
export function messagesOver(
  stream: Duplex,
  framing: Framing,
  options: FrameOptions = {},
): Duplex {
  return new FramedStream(stream, cutters[framing](stream, options));
}

/** One way to cut, both ways. */
interface Cutter {
  read(into: Uint8Array): Promise<number | null>;
  write(message: Uint8Array): Promise<void>;
}

const cutters: Record<Framing, (stream: Duplex, options: FrameOptions) => Cutter> = {
  chunk: (stream, { chunkSize = chunkIPv4 }) => ({
    read: (into) => stream.read(into.subarray(0, Math.min(chunkSize, into.length))),
    write: (message) => stream.write(message),
  }),
  line(stream, { longestLine }) {
    const lines = new LineReader(stream, longestLine);
    return {
      async read(into) {
        const line = await lines.readLine();
        return line === null ? null : place(stream, line, into);
      },
      async write(message) {
        if (message.at(-1) === newline) return await stream.write(message);
        // One write: as two, the newline would travel in a segment of its own.
        const line = new Uint8Array(message.length + 1);
        line.set(message);
        line[message.length] = newline;
        await stream.write(line);
      },
    };
  },
  length(stream) {
    const head = new Uint8Array(2);
    return {
      async read(into) {
        const prefix = await readExactly(stream, head);
        if (prefix === null) return null;
        const size = new DataView(prefix.buffer).getUint16(0);
        if (size > into.length) throw tooLarge(stream, "read", size, into.length);
        const message = await readExactly(stream, into.subarray(0, size));
        if (message === null && size > 0) throw endedWithin(stream, size);
        return size;
      },
      async write(message) {
        if (message.length > 0xffff) throw tooLarge(stream, "write", message.length, 0xffff);
        const framed = new Uint8Array(2 + message.length);
        new DataView(framed.buffer).setUint16(0, message.length);
        framed.set(message, 2);
        await stream.write(framed);
      },
    };
  },
};

function place(stream: Duplex, message: Uint8Array, into: Uint8Array): number {
  if (message.length > into.length) throw tooLarge(stream, "read", message.length, into.length);
  into.set(message);
  return message.length;
}

function tooLarge(stream: Duplex, op: "read" | "write", size: number, room: number): NetError {
  return new NetError({
    kind: "too-large",
    op,
    address: stream.remote.text,
    message: `a message of ${size} bytes, and at most ${room} can be taken`,
    blame: op === "read" ? "remote" : "local",
  });
}

function endedWithin(stream: Duplex, size: number): NetError {
  return new NetError({
    kind: "protocol",
    op: "read",
    address: stream.remote.text,
    message: `the stream ended within a message of ${size} bytes`,
    blame: "remote",
  });
}

class FramedStream extends WrappedDuplex {
  readonly #cutter: Cutter;

  constructor(stream: Duplex, cutter: Cutter) {
    super(stream, { ...stream.traits, messages: true });
    this.#cutter = cutter;
    // What was read and not handed on yet is here, and the stream inside knows nothing of it.
    delete this.readable;
    delete this.unread;
  }

  override read(into: Uint8Array): Promise<number | null> {
    return this.#cutter.read(into);
  }

  override write(message: Uint8Array): Promise<void> {
    return this.#cutter.write(message);
  }
}
