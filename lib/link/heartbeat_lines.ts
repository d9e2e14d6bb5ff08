/**
 * Takes the lines of a foreign peer's heartbeat out of its data, as a machine without I/O. All other
 * bytes pass as they are and in order.
 *
 * A line is looked at whole, and so its first part has to wait for the rest. It waits no longer than
 * it has to: a prompt without a newline must reach the person who is to answer it.
 * @module
 */

import { LinearPattern } from "../core/linear_pattern.ts";

const newline = 0x0a;
const carriageReturn = 0x0d;

/** A heartbeat is short: what is longer is data, and is not looked at by a pattern. */
const longestBeat = 4096;

/** What begins as a heartbeat waits for its rest; a lost segment comes again within this time. */
const likelyHoldMs = 1_000;

/** What could only become one further on in the line: as long as people do not notice. */
const possibleHoldMs = 200;

const decoder = new TextDecoder();

/** Cuts heartbeats out of what comes. */
export class HeartbeatLines {
  readonly #pattern: LinearPattern;
  readonly #isAnchored: boolean;
  readonly #longest: number;
  readonly #found: () => void;
  /** The beginning of a line that may become a heartbeat. */
  #held: Uint8Array = new Uint8Array(0);
  #heldSinceMs = 0;
  #holdMs = 0;
  /** The line under way is known to be data. */
  #isPassing = false;

  /**
   * @param longest no longer line is a heartbeat (bytes); never more than 4 KiB
   * @param found called for each heartbeat that was taken out
   * @throws {SyntaxError} for a pattern that cannot be looked for in bounded time
   */
  constructor(pattern: RegExp, longest: number, found: () => void) {
    this.#pattern = new LinearPattern(pattern);
    this.#isAnchored = isAnchored(pattern);
    this.#longest = Math.min(longest, longestBeat);
    this.#found = found;
  }

  /** When what is held must be let go (monotonic ms), or null. */
  get deadlineMs(): number | null {
    return this.#held.length === 0 ? null : this.#heldSinceMs + this.#holdMs;
  }

  /** Takes a chunk. @param data given what is no heartbeat; lent for the call */
  push(chunk: Uint8Array, nowMs: number, data: (bytes: Uint8Array) => void): void {
    let kept = 0;
    for (let at = 0; at < chunk.length;) {
      const end = chunk.indexOf(newline, at) + 1;
      const line = chunk.subarray(at, end === 0 ? chunk.length : end);
      if (end === 0 && this.#holds(line, nowMs, () => give(chunk.subarray(kept, at), data))) return;
      if (end > 0 && this.#isBeat(line)) {
        give(chunk.subarray(kept, at), data);
        this.#held = new Uint8Array(0);
        this.#found();
        kept = end;
      } else this.#release(data);
      this.#isPassing = end === 0;
      at = end === 0 ? chunk.length : end;
    }
    give(chunk.subarray(kept), data);
  }

  /** Lets go what has waited long enough: it is data, and so is the rest of its line. */
  tick(nowMs: number, data: (bytes: Uint8Array) => void): void {
    const deadlineMs = this.deadlineMs;
    if (deadlineMs === null || deadlineMs > nowMs) return;
    this.#isPassing = true;
    this.#release(data);
  }

  /** No more comes: a last line may lack its newline. */
  finish(data: (bytes: Uint8Array) => void): void {
    if (this.#held.length === 0 || !this.#isBeat(new Uint8Array(0))) return this.#release(data);
    this.#held = new Uint8Array(0);
    this.#found();
  }

  /** Holds the beginning of a line where it may become a heartbeat. @param before lets go what precedes */
  #holds(part: Uint8Array, nowMs: number, before: () => void): boolean {
    const length = this.#held.length + part.length;
    if (this.#isPassing || length > this.#longest) return false;
    const text = textOf(this.#held, part);
    const isLikely = this.#pattern.mayBegin(text);
    if (!isLikely && this.#isAnchored) return false;
    before();
    if (this.#held.length === 0) this.#heldSinceMs = nowMs;
    this.#holdMs = isLikely ? likelyHoldMs : possibleHoldMs;
    const longer = new Uint8Array(length);
    longer.set(this.#held);
    longer.set(part, this.#held.length);
    this.#held = longer;
    return true;
  }

  #isBeat(rest: Uint8Array): boolean {
    if (this.#isPassing || this.#held.length + rest.length > this.#longest) return false;
    return this.#pattern.test(textOf(this.#held, rest));
  }

  #release(data: (bytes: Uint8Array) => void): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = new Uint8Array(0);
    data(held);
  }
}

/** True where every match begins where the line does. */
function isAnchored(pattern: RegExp): boolean {
  // Of several alternatives each would have to be: only the plain case is worth telling.
  return pattern.source.startsWith("^") && !pattern.source.includes("|");
}

/** The text of a line, or of its beginning, without its end. */
export function textOf(first: Uint8Array, rest: Uint8Array): string {
  let bytes = rest;
  if (first.length > 0) {
    bytes = new Uint8Array(first.length + rest.length);
    bytes.set(first);
    bytes.set(rest, first.length);
  }
  let end = bytes.length;
  if (bytes[end - 1] === newline) end--;
  if (bytes[end - 1] === carriageReturn) end--;
  return decoder.decode(bytes.subarray(0, end));
}

function give(bytes: Uint8Array, data: (bytes: Uint8Array) => void): void {
  if (bytes.length > 0) data(bytes);
}
