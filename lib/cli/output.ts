/**
 * Standard output of a command that reports: text, or NDJSON with `--json`.
 * @module
 */

import { type Clock, realClock } from "../core/clock.ts";
import { NetError } from "../core/error.ts";
import type { StandardStreams } from "../core/transport.ts";
import { ObjectLines, timestamp } from "./ndjson.ts";

/** The reader of standard output has gone (`| head -1`): the program ends quietly with 0. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** Writes reports. Every call waits until the whole text was taken. */
export class Output {
  /** True with `--json`: call `object`, not `text`. */
  readonly json: boolean;
  readonly #clock: Clock;
  readonly #stdio: StandardStreams;
  readonly #objects = new ObjectLines();
  readonly #encoder = new TextEncoder();

  constructor(stdio: StandardStreams, json: boolean, clock: Clock = realClock) {
    this.#clock = clock;
    this.#stdio = stdio;
    this.json = json;
  }

  /**
   * Writes text as it is; a final newline is added where missing.
   *
   * @throws {OutputClosed} when the reader has gone
   * @throws {NetError} kind "local-write"
   */
  async text(text: string): Promise<void> {
    await this.raw(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** Writes one object, with the time. @throws {OutputClosed | NetError} as `text` */
  async object(event: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    const time = timestamp(this.#clock.wall());
    await this.raw(this.#objects.line(event, { time, ...fields }));
  }

  /** Writes just this, for who draws. @throws {OutputClosed | NetError} as `text` */
  async raw(text: string): Promise<void> {
    try {
      await this.#stdio.write(this.#encoder.encode(text));
    } catch (thrown) {
      if (!(thrown instanceof NetError)) throw thrown;
      if (thrown.code === "EPIPE") throw new OutputClosed();
      throw thrown;
    }
  }
}
