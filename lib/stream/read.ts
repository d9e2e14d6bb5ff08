/**
 * The course's readn, readline and writen (Stevens, "UNIX Network Programming", section 3.9) over
 * any session.
 * @module
 */

import type { Duplex } from "../core/contract.ts";
import { NetError } from "../core/error.ts";

/** The part of a session that is read from. */
export type ReadSide = Pick<Duplex, "read" | "remote">;
/** The part of a session that is written to. */
export type WriteSide = Pick<Duplex, "write">;

/**
 * Reads until `into` is full.
 *
 * @returns `into`, or null where the peer ended before the first byte
 * @throws {NetError} kind "protocol" where it ended within, naming both sizes
 */
export async function readExactly(from: ReadSide, into: Uint8Array): Promise<Uint8Array | null> {
  let filled = 0;
  while (filled < into.length) {
    const n = await from.read(into.subarray(filled));
    if (n === null) {
      if (filled === 0) return null;
      throw new NetError({
        kind: "protocol",
        op: "read",
        address: from.remote.text,
        message: `the peer ended after ${filled} of ${into.length} bytes`,
        blame: "remote",
      });
    }
    filled += n;
  }
  return into;
}

/** Writes all of it; the counterpart of `readExactly`. */
export function writeAll(to: WriteSide, bytes: Uint8Array): Promise<void> {
  return to.write(bytes);
}

/**
 * Reads lines from a session. What came after a line is kept for the next call, so use one reader
 * for a session and take what is left with `rest`.
 *
 * @example
 * ```ts
 * import { connect, LineReader } from "@plumb/plumb";
 *
 * await using peer = await connect("script:send=220%20hi%0d%0a");
 * const lines = new LineReader(peer);
 * const line = await lines.readLine(); // "220 hi\r\n"
 * if (line === null || line.length !== 8) throw new Error("no greeting");
 * ```
 */
export class LineReader {
  readonly #from: ReadSide;
  readonly #maximum: number;
  #held: Uint8Array;
  #start = 0;
  #end = 0;
  #over = false;

  /**
   * Reads nothing yet; its buffer grows with the lines, up to the maximum.
   *
   * @param maximum longest line in bytes, newline included
   */
  constructor(from: ReadSide, maximum = 1024 * 1024) {
    this.#from = from;
    this.#maximum = maximum;
    this.#held = new Uint8Array(Math.min(4096, maximum));
  }

  /**
   * One line with its newline; the last one may lack it.
   *
   * @returns a copy, or null at the end of input
   * @throws {NetError} kind "limit" when no newline came within the maximum
   */
  async readLine(): Promise<Uint8Array | null> {
    let searched = this.#start;
    for (;;) {
      // Only new bytes are searched: a peer that sends one byte at a time must not cost a square.
      const at = this.#held.subarray(0, this.#end).indexOf(0x0a, searched);
      if (at >= 0) return this.#take(at + 1);
      searched = this.#end;
      if (this.#end - this.#start >= this.#maximum) {
        throw new NetError({
          kind: "limit",
          op: "read",
          address: this.#from.remote.text,
          message: `a line of more than ${this.#maximum} bytes`,
          hint: "raise it with --limit line=BYTES",
          blame: "remote",
        });
      }
      if (this.#over) return this.#end > this.#start ? this.#take(this.#end) : null;
      const moved = this.#makeRoom();
      searched -= moved;
      const room = this.#start + this.#maximum - this.#end;
      const into = this.#held.subarray(this.#end, Math.min(this.#held.length, this.#end + room));
      const n = await this.#from.read(into);
      if (n === null) this.#over = true;
      else this.#end += n;
    }
  }

  /** What was read and is not part of a line yet; the reader forgets it. */
  rest(): Uint8Array {
    return this.#take(this.#end);
  }

  #take(end: number): Uint8Array {
    const taken = this.#held.slice(this.#start, end);
    this.#start = end;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    return taken;
  }

  /** Makes free space behind the held bytes; returns how far they moved to the front. */
  #makeRoom(): number {
    if (this.#end < this.#held.length) return 0;
    const length = this.#end - this.#start;
    const moved = this.#start;
    if (length * 2 > this.#held.length) {
      const larger = new Uint8Array(Math.min(this.#maximum, this.#held.length * 2));
      larger.set(this.#held.subarray(this.#start, this.#end));
      this.#held = larger;
    } else {
      this.#held.copyWithin(0, this.#start, this.#end);
    }
    this.#start = 0;
    this.#end = length;
    return moved;
  }
}

/**
 * Reads one line byte by byte, leaving everything behind the newline unread in the session. Slow:
 * for short greetings before a session is handed on; otherwise use `LineReader`.
 *
 * @param maximum longest line in bytes, newline included
 * @returns the line with its newline, or null at the end of input
 * @throws {NetError} kind "limit" when no newline came within the maximum
 */
export async function readLine(from: ReadSide, maximum: number): Promise<Uint8Array | null> {
  const line: number[] = [];
  const one = new Uint8Array(1);
  while (line.length < maximum) {
    const n = await from.read(one);
    if (n === null) return line.length === 0 ? null : Uint8Array.from(line);
    line.push(one[0] ?? 0);
    if (one[0] === 0x0a) return Uint8Array.from(line);
  }
  throw new NetError({
    kind: "limit",
    op: "read",
    address: from.remote.text,
    message: `a line of more than ${maximum} bytes`,
    blame: "remote",
  });
}
