/**
 * What there is to complete: the command table, with the words that each place can take. The
 * writers for the shells (`completion_bash.ts` and its neighbours) turn it into a script.
 * @module
 */

import { limitTable } from "../core/limits.ts";
import { type CommandRow, flagsOf, type PositionalRow } from "./command.ts";
import type { FlagRow } from "./flag.ts";

/** Words of a place, or files; null where there is nothing to offer. */
export type Candidates = readonly string[] | "files" | null;

/** A flag with what its value can be. */
export interface CompletedFlag {
  readonly name: string;
  readonly short?: string;
  readonly help: string;
  readonly takesValue: boolean;
  /** May be given again. */
  readonly repeat: boolean;
  readonly values: Candidates;
}

/** An argument with what it can be. */
export interface CompletedArgument {
  readonly name: string;
  readonly repeat: boolean;
  readonly values: Candidates;
}

/** A command with its places. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  readonly arguments: readonly CompletedArgument[];
}

/** Words that other rooms know. */
export interface KnownWords {
  /** How addresses begin: `tcp://`, `unix:`, `-`. */
  readonly schemes: readonly string[];
  readonly services: readonly string[];
  readonly topics: readonly string[];
}

/** The whole table, ready for a writer. */
export function completed(
  commands: readonly CommandRow[],
  words: KnownWords,
): readonly CompletedCommand[] {
  const names = commands.map((row) => row.name);
  const ofPositional = (row: PositionalRow, passive: boolean): Candidates => {
    if (row.choices !== undefined) return row.choices;
    switch (row.kind) {
      case "address":
        return passive ? words.schemes : [...words.schemes, "listen:"];
      case "service":
        return words.services;
      case "command-or-topic":
        return [...names, ...words.topics];
      default:
        return null;
    }
  };
  return commands.map((row) => ({
    name: row.name,
    summary: row.summary,
    flags: flagsOf(row).filter((flag) => !flag.hidden).map(completedFlag),
    arguments: row.positionals.map((positional) => ({
      name: positional.name,
      repeat: positional.repeat === true,
      values: ofPositional(positional, row.name !== "relay"),
    })),
  }));
}

/** How the addresses of a scheme begin, from the forms in its help: `tcp://`, `unix:`, `-`. */
export function prefixesOf(scheme: string, forms: readonly string[]): readonly string[] {
  const begins = new RegExp(`^${scheme}:(?://)?`);
  const found = forms.map((form) => form === "-" ? form : begins.exec(form)?.[0]);
  return [...new Set(found.filter((prefix) => prefix !== undefined))];
}

function completedFlag(row: FlagRow): CompletedFlag {
  return {
    name: row.name,
    ...(row.short === undefined ? {} : { short: row.short }),
    help: row.help,
    takesValue: row.kind !== "flag",
    repeat: row.repeat === true,
    values: flagValues(row),
  };
}

function flagValues(row: FlagRow): Candidates {
  if (row.choices !== undefined) return row.choices;
  if (row.suggestions !== undefined) return row.suggestions;
  if (row.placeholder === "FILE" || row.placeholder === "PREFIX") return "files";
  if (row.name === "limit") return Object.keys(limitTable).map((name) => `${name}=`);
  return null;
}
