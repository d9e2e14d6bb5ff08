/**
 * `plumb completions SHELL`: Plan -> a script made from the command table.
 * @module
 */

import { serviceNames } from "../../api/services.ts";
import { announceName } from "../announce_flags.ts";
import { transports } from "../../transport/table.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { completed, type CompletedCommand, prefixesOf } from "../completion.ts";
import { bashScript } from "../completion_bash.ts";
import { fishScript } from "../completion_fish.ts";
import { zshScript } from "../completion_zsh.ts";
import type { Plan } from "../plan.ts";
import { topics } from "../topics.ts";

const writers: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The parser has checked that the shell is one of the table's. */
export function plan(invocation: Invocation): Plan {
  return invocation.plan({ settings: { shell: invocation.positionals[0] ?? "" } });
}

/** Prints the script; with `--json` as the text of one object. */
export async function run(plan: Plan, { commands, output }: CommandContext): Promise<number> {
  const shell = String(plan.settings["shell"]);
  const write = writers[shell];
  if (write === undefined) throw new TypeError(`no completions for ${shell}`);
  const text = write(completed(commands, {
    schemes: Object.values(transports).flatMap(({ scheme, help }) =>
      prefixesOf(scheme, help.forms)
    ),
    services: [...serviceNames(), announceName],
    topics: Object.keys(topics),
  }));
  if (output.json) await output.object("completions", { shell, text });
  else await output.text(text);
  return 0;
}
