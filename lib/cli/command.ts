/**
 * What a command is: its row in the table, what it is asked, and what its module does.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Host } from "../core/host.ts";
import type { Limits } from "../core/limits.ts";
import type { Ports } from "../core/transport.ts";
import type { ErrorOutput } from "./error_output.ts";
import type { FlagRow, Flags } from "./flag.ts";
import type { Output } from "./output.ts";
import type { Json, Plan, PlannedEndpoint } from "./plan.ts";
import { sharedFlags } from "./flags.ts";

/** What an argument is, for completions. */
export type PositionalKind =
  | "address"
  | "command-or-topic"
  | "host"
  | "service"
  | "shell"
  | "text";

/** One argument of a command. */
export interface PositionalRow {
  /** In capitals, as in the usage line: `ADDR`. */
  readonly name: string;
  readonly kind: PositionalKind;
  readonly summary: string;
  readonly required: boolean;
  /** Takes all that are left; only the last one may. */
  readonly repeat?: boolean;
  /** Allowed words; anything else is a usage error. */
  readonly choices?: readonly string[];
}

/** An example: the command line, and what it does. */
export interface Example {
  readonly line: string;
  readonly summary: string;
}

/** One command. Help, completions, the reference and the parser are all made from its row. */
export interface CommandRow {
  readonly name: string;
  /** One line, lower case, without a full stop. */
  readonly summary: string;
  /** Paragraphs for `plumb help NAME`. */
  readonly details?: readonly string[];
  readonly positionals: readonly PositionalRow[];
  /** Flags besides the shared ones. A row with a shared name takes the place of the shared one. */
  readonly flags: readonly FlagRow[];
  readonly examples: readonly Example[];
  /** True where it says things on standard error while it runs: the log library is loaded then. */
  readonly logs: boolean;
  /** Loads the module; lazily, so that starting one command loads nothing of the others. */
  load(): Promise<CommandModule>;
}

/** Every flag that a command takes: its own, then the shared ones. */
export function flagsOf(row: CommandRow): readonly FlagRow[] {
  const own = new Set(row.flags.map((flag) => flag.name));
  return [...row.flags, ...sharedFlags.filter((flag) => !own.has(flag.name))];
}

/** `plumb relay [flags] A B`, generated from the row. */
export function usageLine(row: CommandRow): string {
  const names = row.positionals.map((want) => {
    const name = want.repeat ? `${want.name}...` : want.name;
    return want.required ? name : `[${name}]`;
  });
  return ["usage: plumb", row.name, "[flags]", ...names].join(" ");
}

/** A command line that was read: known command, known flags, values of the right kind. */
export interface Invocation {
  readonly row: CommandRow;
  readonly positionals: readonly string[];
  readonly flags: Flags;
  /** The bounds in force, `--limit` applied. */
  readonly limits: Limits;
  /** The command table, for commands about commands; they cannot import it without a cycle. */
  readonly commands: readonly CommandRow[];
  /** Makes the plan: only what the command knows has to be given. */
  plan(parts?: PlanParts): Plan;
}

/** What a command adds to its plan. */
export interface PlanParts {
  readonly endpoints?: readonly PlannedEndpoint[];
  readonly settings?: { readonly [name: string]: Json };
}

/** What a running command is given. */
export interface CommandContext {
  readonly row: CommandRow;
  /** The command table, as in `Invocation`. */
  readonly commands: readonly CommandRow[];
  /** The typed reader of the plan's flags. */
  readonly flags: Flags;
  readonly host: Host;
  /** Signal (never aborted by itself: see signals.ts), clock, log and limits. */
  readonly context: Context;
  /** Standard output of a command that reports; data goes through `ports.stdio`. */
  readonly output: Output;
  /** Standard error, shared with the log: for progress and tables. */
  readonly errors: ErrorOutput;
  readonly ports: Ports;
}

/** What `lib/cli/commands/NAME.ts` exports. */
export interface CommandModule {
  /**
   * Makes the plan, without opening, resolving or reading anything.
   *
   * @throws {NetError} kind "usage", "address" or "option"
   */
  plan(invocation: Invocation): Plan | Promise<Plan>;
  /**
   * Does it.
   *
   * @returns the exit status
   * @throws {NetError} what `exit.ts` turns into the exit status and one line
   */
  run(plan: Plan, session: CommandContext): Promise<number>;
}
