/**
 * argv -> canonical argv: the only spelling that `parseArgs` of the standard library reads without
 * traps. Left to itself it lets a text flag swallow the next flag, a boolean one swallow the word
 * `true`, turns `--json=5` into true and `8080` into a number, lets the last repeat win silently,
 * nests `--a.b` and invents any flag that is written. So every flag leaves here as `--name=value`
 * or `--name`, known, complete and allowed to be there; every argument stands after `--`.
 * @module
 */

import { NetError, quote } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import type { FlagRow } from "./flag.ts";

/** A command line in canonical spelling. */
export interface Canonical {
  /** `--name` and `--name=value`, in order. */
  readonly flags: readonly string[];
  readonly positionals: readonly string[];
  /** What was not looked at, because `stopEarly` was asked for: all after the first positional. */
  readonly rest: readonly string[];
}

/** How to read a command line. */
export interface NormaliseOptions {
  /** The command, for error lines; "usage" before it is known. */
  readonly op: string;
  /** Stop after the first argument. */
  readonly stopEarly?: boolean;
}

/**
 * Reads the words of a command line.
 *
 * `--` ends the flags; `-` and `-5` are arguments, since no flag is a digit. A flag that needs a
 * value takes the next word unless that is a flag; one whose value is optional takes it only with
 * `=`, so that it can never swallow an address.
 *
 * @throws {NetError} kind "usage": an unknown or repeated flag, an empty or missing value, a value
 * where none belongs
 */
export function normalise(
  argv: readonly string[],
  rows: readonly FlagRow[],
  options: NormaliseOptions,
): Canonical {
  const flags: string[] = [];
  const positionals: string[] = [];
  const seen = new Set<string>();
  const fail = (message: string, hint?: string): never => {
    throw usage(options.op, message, hint);
  };

  const put = (row: FlagRow, written: string, value: string | null) => {
    if (seen.has(row.name) && row.repeat !== true) fail(`${written} is given twice`);
    seen.add(row.name);
    flags.push(value === null ? `--${row.name}` : `--${row.name}=${value}`);
  };

  let at = 0;
  /** A flag that needs a value: in the same word, or the next one. */
  const putValue = (row: FlagRow, written: string, value: string | null) => {
    if (value !== null) return put(row, written, value);
    const next = argv[at + 1];
    if (next === undefined || isFlagWord(next) || next === "--") {
      fail(`${written} needs a value`, `write ${written}=${row.placeholder ?? "VALUE"}`);
    } else if (next === "") fail(`${written} is given an empty value`);
    else {
      put(row, written, next);
      at++;
    }
  };

  for (; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (word === "--") {
      positionals.push(...argv.slice(at + 1));
      break;
    }
    if (!isFlagWord(word)) {
      positionals.push(word);
      if (options.stopEarly) return { flags, positionals, rest: argv.slice(at + 1) };
      continue;
    }
    const equals = word.indexOf("=");
    const written = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? null : word.slice(equals + 1);
    if (written === "-") fail(`unknown flag ${quote(word)}`);
    if (!word.startsWith("--")) {
      const { plain, last } = cluster(word, rows, options.op);
      for (const row of plain) put(row, `-${row.short}`, null);
      if (last !== null) putValue(last.row, `-${last.row.short}`, last.value);
      continue;
    }
    const row = rows.find((row) => `--${row.name}` === written) ??
      fail(`unknown flag ${quote(written)}`, suggestion(written.slice(2), rows));
    if (value === "") fail(`${written} is given an empty value`);
    if (row.kind === "flag") {
      if (value !== null) fail(`${written} takes no value`);
      put(row, written, null);
    } else if (value !== null || row.bare !== undefined) {
      put(row, written, value ?? row.bare ?? null);
    } else putValue(row, written, null);
  }
  return { flags, positionals, rest: [] };
}

/** A usage error of a command line. */
export function usage(op: string, message: string, hint?: string): NetError {
  return new NetError({ kind: "usage", op, message, ...(hint === undefined ? {} : { hint }) });
}

/** `--x`, `-x`, `-xv`; but neither `-` nor `--` nor a negative number. */
function isFlagWord(word: string): boolean {
  return word.length > 1 && word.startsWith("-") && word !== "--" && !/^-[.\d]/.test(word);
}

/** The letters of one word: `-xv`, `-c3`, `-qc=3`. */
interface Cluster {
  /** Flags without a value. */
  readonly plain: readonly FlagRow[];
  /** The last one, where it takes a value (POSIX, Utility Syntax Guideline 5); null: the next word. */
  readonly last: { readonly row: FlagRow; readonly value: string | null } | null;
}

function cluster(word: string, rows: readonly FlagRow[], op: string): Cluster {
  const plain: FlagRow[] = [];
  for (let at = 1; at < word.length; at++) {
    const row = rows.find((row) => row.short === word[at]);
    const rest = word.slice(at + 1);
    if (row === undefined) {
      // `-json` means `--json`, not a cluster with one wrong letter in it.
      const written = word.split("=")[0] ?? word;
      const hint = written.length > 2 ? suggestion(written.slice(1), rows) : undefined;
      throw usage(op, `unknown flag ${quote(written)}`, hint);
    }
    if (row.kind !== "flag") {
      const value = rest.startsWith("=") ? rest.slice(1) : rest;
      if (rest === "=") throw usage(op, `-${row.short} is given an empty value`);
      return { plain, last: { row, value: rest === "" ? null : value } };
    }
    if (rest.startsWith("=")) throw usage(op, `${quote(word.slice(0, at + 1))} takes no value`);
    plain.push(row);
  }
  return { plain, last: null };
}

function suggestion(name: string, rows: readonly FlagRow[]): string | undefined {
  const near = nearest(name, rows.map((row) => row.name));
  return near === undefined ? undefined : `did you mean --${near}?`;
}
