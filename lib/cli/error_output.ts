/**
 * Standard error, the one writer of it: lines of text or NDJSON objects, and a status line on a
 * terminal that is taken away before anything else is written and put back after it.
 * @module
 */

import type { Host } from "../core/host.ts";
import { escapeControls } from "../core/error.ts";
import { type ObjectFields, ObjectLines, timestamp } from "./ndjson.ts";

/**
 * Cursor up, erase to the end of the line (ECMA-48 CUU, EL). The status is a whole line, not one
 * held open by a carriage return: the host writes whole lines only, so that those of several
 * processes on one terminal do not mix.
 */
const eraseLine = "\x1b[1A\x1b[K";

/** What is wrong begins in colour: red, or yellow for a warning (ECMA-48 SGR). */
function paint(words: string, warning: string | undefined): string {
  return `\x1b[${warning === undefined ? 31 : 33}m${words}\x1b[m`;
}

/** Writes to standard error. Never throws. */
export class ErrorOutput {
  /** True where colour is wanted. */
  readonly color: boolean;
  readonly #host: Host;
  readonly #objects = new ObjectLines();
  #status = "";

  constructor(host: Host, color = false) {
    this.#host = host;
    this.color = color;
  }

  /** One line; what peers sent in it cannot reach the terminal as control characters. */
  line(text: string): void {
    const line = escapeControls(text);
    this.#write(`${this.color ? line.replace(/^plumb:( warning:)?/, paint) : line}\n`);
  }

  /** Text of our own (tables, hexdump), as it is. */
  text(text: string): void {
    this.#write(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** One object, with the time. */
  object(event: string, fields: ObjectFields): void {
    const time = timestamp(this.#host.clock.wall());
    this.#write(this.#objects.line(event, { time, ...fields }));
  }

  /** Shows a line that the next one replaces. Nothing off a terminal. */
  status(text: string): void {
    if (!this.#host.errorIsTerminal) return;
    const columns = this.#host.terminalSize()?.columns ?? 80;
    // One that wraps would be two lines, and only one of them erased.
    const line = `${escapeControls(text).slice(0, Math.max(1, columns - 1))}\n`;
    if (line === this.#status) return;
    this.#host.writeError(this.#status === "" ? line : `${eraseLine}${line}`);
    this.#status = line;
  }

  /** Leaves the status line where it is, as the last word on it. */
  endStatus(): void {
    this.#status = "";
  }

  #write(text: string): void {
    if (this.#status === "") return this.#host.writeError(text);
    this.#host.writeError(`${eraseLine}${text}${this.#status}`);
  }
}
