/**
 * argv -> what was asked for: a command with its arguments and flags, all of them known and read,
 * or help, or the version. Pure.
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { readValue } from "../address/value.ts";
import { NetError, quote } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import type { OptionValue } from "../core/option.ts";
import { type CommandRow, flagsOf, type Invocation, usageLine } from "./command.ts";
import { type FlagRow, Flags, type FlagValue, isCounted } from "./flag.ts";
import { sharedFlags } from "./flags.ts";
import { readLimits } from "./limit_flag.ts";
import { type Canonical, normalise, usage } from "./normalise.ts";

/** What a command line asks for. */
export type Request =
  | { readonly kind: "nothing" }
  | { readonly kind: "help" | "version" | "run"; readonly invocation: Invocation };

/** What is wanted of errors, known even where the command line cannot be read. */
export interface Manner {
  /** Objects on standard error. */
  readonly json: boolean;
  /** How often `-v` was given. */
  readonly verbosity: number;
  /** The value of `--color`, or undefined; any text. */
  readonly color: string | undefined;
}

/**
 * Looks for `--json` (or JSON logs), `-v` and `--color` in a command line that may be wrong. Right because no
 * flag's value can look like one of them: the normaliser refuses `--log --json`.
 */
export function mannerOf(argv: readonly string[]): Manner {
  const words = beforeDashes(argv);
  const shorts = words.filter((word) => /^-[a-z]+$/.test(word)).join("");
  const letters = [...shorts].filter((letter) => letter === "v").length;
  const verbosity = letters + words.filter((word) => word === "--verbose").length;
  const json = words.includes("--json") || valueIn(words, "--log-format") === "json";
  return { json, verbosity, color: valueIn(words, "--color") };
}

function valueIn(words: readonly string[], flag: string): string | undefined {
  const at = words.findIndex((word) => word === flag || word.startsWith(`${flag}=`));
  return words[at] === flag ? words[at + 1] : words[at]?.slice(flag.length + 1);
}

/**
 * Reads a command line.
 *
 * `--help` anywhere wins over every error beside it: who asks for help does not know the flags.
 *
 * @param environment variables that stand in for flags: `NO_COLOR`
 * @throws {NetError} kind "usage"
 */
export function readArgs(
  argv: readonly string[],
  commands: readonly CommandRow[],
  environment: (name: string) => string | undefined,
): Request {
  const words = beforeDashes(argv);
  const wantsHelp = words.some((word) => word === "--help" || word === "-h");
  if (wantsHelp) {
    const named = words.find((word) => commands.some((row) => row.name === word));
    return { kind: "help", invocation: helpOf(named, words, commands, environment) };
  }
  const head = readHead(argv, commands);
  const name = head.positionals[0];
  const line = [...head.flags, ...head.rest];
  if (name === undefined) {
    if (line.includes("--help")) {
      return { kind: "help", invocation: helpOf(undefined, words, commands, environment) };
    }
    if (!line.includes("--version")) return { kind: "nothing" };
    const row = findCommand("version", commands);
    return { kind: "version", invocation: invoke(row, line, commands, environment) };
  }
  const asked = findCommand(name, commands);
  // Before the arguments are looked at: whoever asks for these has none.
  const { flags } = normalise(line, flagsOf(asked), { op: name });
  if (flags.includes("--help")) { // inside a cluster: -vh
    return { kind: "help", invocation: helpOf(name, words, commands, environment) };
  }
  if (flags.includes("--version")) {
    const shared = line.filter((word) => word === "--json");
    const row = findCommand("version", commands);
    return { kind: "version", invocation: invoke(row, shared, commands, environment) };
  }
  return { kind: "run", invocation: invoke(asked, line, commands, environment) };
}

/** The shared flags before the command, and the command. */
function readHead(argv: readonly string[], commands: readonly CommandRow[]): Canonical {
  try {
    return normalise(argv, sharedFlags, { op: "usage", stopEarly: true });
  } catch (thrown) {
    if (!(thrown instanceof NetError) || thrown.hint !== undefined) throw thrown;
    const known = commands.flatMap(flagsOf).map((flag) => `unknown flag --${flag.name}`);
    if (!known.includes(thrown.reason)) throw thrown;
    throw usage("usage", thrown.reason, "flags of a command follow its name");
  }
}

/**
 * The row of a command.
 *
 * @throws {NetError} kind "usage", naming the nearest command
 */
export function findCommand(name: string, commands: readonly CommandRow[]): CommandRow {
  const row = commands.find((row) => row.name === name);
  if (row !== undefined) return row;
  const near = nearest(name, commands.map((row) => row.name));
  const hint = near === undefined ? "see: plumb help" : `did you mean ${near}?`;
  throw usage("usage", `unknown command ${JSON.stringify(quote(name))}`, hint);
}

function beforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  return end < 0 ? argv : argv.slice(0, end);
}

/** `plumb relay --nonsense --help` is `plumb help relay`; of the other words only --json counts. */
function helpOf(
  topic: string | undefined,
  words: readonly string[],
  commands: readonly CommandRow[],
  environment: (name: string) => string | undefined,
): Invocation {
  const line = [...words.filter((word) => word === "--json"), ...(topic ? [topic] : [])];
  return invoke(findCommand("help", commands), line, commands, environment);
}

/** Flags that say what to do with a plan, and so are no part of it. */
const momentary: ReadonlySet<string> = new Set(["plan", "help", "version"]);

function invoke(
  row: CommandRow,
  argv: readonly string[],
  commands: readonly CommandRow[],
  environment: (name: string) => string | undefined,
): Invocation {
  const rows = flagsOf(row);
  const canonical = normalise(argv, rows, { op: row.name });
  const positionals = checkPositionals(row, canonical.positionals);
  const flags = new Flags(readFlags(row.name, canonical.flags, rows, environment), rows);
  const limits = readLimits(flags.list("limit"), row.name);
  return {
    row,
    positionals,
    flags,
    limits,
    commands,
    plan: (parts = {}) => ({
      schema: 1,
      command: row.name,
      endpoints: parts.endpoints ?? [],
      flags: flags.given.filter((flag) => !momentary.has(flag.name)),
      limits,
      settings: parts.settings ?? {},
    }),
  };
}

function checkPositionals(row: CommandRow, given: readonly string[]): readonly string[] {
  const last = row.positionals.at(-1);
  const missing = row.positionals.find((want, at) => want.required && given[at] === undefined);
  if (missing !== undefined) throw usage(row.name, `${missing.name} is missing`, usageLine(row));
  if (given.length > row.positionals.length && last?.repeat !== true) {
    const extra = JSON.stringify(quote(given[row.positionals.length] ?? ""));
    throw usage(row.name, `unexpected argument ${extra}`, usageLine(row));
  }
  given.forEach((word, at) => {
    const want = row.positionals[at] ?? last;
    if (word === "") throw usage(row.name, `${want?.name} is empty`);
    if (want?.choices === undefined || want.choices.includes(word)) return;
    const near = nearest(word, want.choices);
    const hint = near === undefined ? `one of ${want.choices.join(", ")}` : `did you mean ${near}?`;
    throw usage(row.name, `unknown ${want.name} ${JSON.stringify(quote(word))}`, hint);
  });
  return given;
}

function readFlags(
  op: string,
  canonical: readonly string[],
  rows: readonly FlagRow[],
  environment: (name: string) => string | undefined,
): FlagValue[] {
  const names = (wanted: (row: FlagRow) => boolean) => rows.filter(wanted).map((row) => row.name);
  const args = parseArgs(canonical, {
    boolean: names((row) => row.kind === "flag"),
    string: names((row) => row.kind !== "flag"),
    collect: names((row) => row.repeat === true),
  });
  return rows.flatMap((row): FlagValue[] => {
    const value = args[row.name];
    const { name } = row;
    if (isCounted(row)) {
      const count = Array.isArray(value) ? value.length : 0;
      return count === 0 ? [] : [{ name, value: count, source: "flag" }];
    }
    if (row.kind === "flag" && value === true) return [{ name, value: true, source: "flag" }];
    const texts = Array.isArray(value) ? value : value === undefined ? [] : [value];
    if (row.kind !== "flag" && texts.length > 0) {
      return texts.map((text) => ({
        name,
        value: readFlag(op, row, String(text)),
        source: "flag",
      }));
    }
    // https://no-color.org: any value but the empty one.
    if (name === "color" && environment("NO_COLOR")) {
      return [{ name, value: "never", source: "environment" }];
    }
    return row.standard === undefined ? [] : [{ name, value: row.standard, source: "default" }];
  });
}

function readFlag(op: string, row: FlagRow, text: string): OptionValue {
  try {
    return readValue(row, text);
  } catch (thrown) {
    if (!(thrown instanceof NetError)) throw thrown;
    throw usage(op, `--${row.name}: ${thrown.reason}`, thrown.hint);
  }
}
