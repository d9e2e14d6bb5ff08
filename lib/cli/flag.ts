/**
 * Flags of the command line as data: their rows, their values with where each came from, and the
 * typed reader that commands use.
 * @module
 */

import type { OptionRow, Options, OptionValue } from "../core/option.ts";

/** One flag of a command: an option row that is written `--name`. */
export interface FlagRow extends OptionRow {
  /** One letter: `-q`, `-c 3`. */
  readonly short?: string;
  /**
   * Value when nothing was given, as `readValue` would give it (ms, bytes). A row without one is
   * absent then.
   */
  readonly standard?: OptionValue;
  /** What completions offer where other texts are taken, too; `threads=` wants a value after it. */
  readonly suggestions?: readonly string[];
  /** Not shown in help and completions: for those who work on plumb. */
  readonly hidden?: boolean;
}

/** Where a value came from. */
export type ValueSource = "flag" | "address" | "environment" | "default";

/** A flag with its value in force. A counted flag (`-vv`) is an integer; a list is many entries. */
export interface FlagValue {
  readonly name: string;
  readonly value: OptionValue;
  readonly source: ValueSource;
}

/** True for a flag that is counted: it takes no value and may be given several times. */
export function isCounted(row: FlagRow): boolean {
  return row.kind === "flag" && row.repeat === true;
}

/**
 * Flags by name, checked against the rows of their command: asking for a flag that the command
 * does not have is a bug and throws, as with endpoint options (read means accepted).
 */
export class Flags implements Options {
  readonly given: readonly FlagValue[];
  readonly asked: Set<string> = new Set();
  readonly #rows: readonly FlagRow[];

  constructor(given: readonly FlagValue[], rows: readonly FlagRow[]) {
    this.given = given;
    this.#rows = rows;
  }

  /** True where the command has a flag of this name. */
  has(name: string): boolean {
    return this.#rows.some((row) => row.name === name);
  }

  /** @returns true or false where it was given or has a default */
  flag(name: string): boolean | undefined {
    const value = this.#value(name);
    return typeof value === "number" ? value > 0 : value === undefined ? undefined : value === true;
  }

  /** @returns milliseconds, bytes, bytes a second, an integer, or how often a flag was given */
  number(name: string): number | undefined {
    const value = this.#value(name);
    return typeof value === "number" ? value : undefined;
  }

  /** @returns the text or the chosen word */
  text(name: string): string | undefined {
    const value = this.#value(name);
    return typeof value === "string" ? value : undefined;
  }

  /** @returns every value of a flag that may be repeated, in order */
  list(name: string): readonly string[] {
    this.#ask(name);
    return this.given.filter((flag) => flag.name === name).map((flag) => String(flag.value));
  }

  /** Where the value of a flag came from, or undefined where it has none. */
  source(name: string): ValueSource | undefined {
    this.#ask(name);
    return this.given.find((flag) => flag.name === name)?.source;
  }

  #ask(name: string): void {
    if (!this.has(name)) {
      throw new TypeError(`the command has no flag --${name}`);
    }
    this.asked.add(name);
  }

  #value(name: string): OptionValue | undefined {
    this.#ask(name);
    return this.given.find((flag) => flag.name === name)?.value;
  }
}
