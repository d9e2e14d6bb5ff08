/**
 * `plumb help [TOPIC]`: Plan -> a page.
 * @module
 */

import { nearest } from "../../core/nearest.ts";
import { quote } from "../../core/error.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { commandPage, overview } from "../help.ts";
import { usage } from "../normalise.ts";
import type { Plan } from "../plan.ts";
import { pageWidth } from "../text.ts";
import { topics } from "../topics.ts";

/** @throws {NetError} kind "usage": a topic that there is not, naming the nearest */
export function plan(invocation: Invocation): Plan {
  const topic = invocation.positionals[0] ?? null;
  const known = [...invocation.commands.map((row) => row.name), ...Object.keys(topics)];
  if (topic !== null && !known.includes(topic)) {
    const near = nearest(topic, known);
    const hint = near === undefined ? "see: plumb help" : `did you mean ${near}?`;
    throw usage("help", `unknown topic ${JSON.stringify(quote(topic))}`, hint);
  }
  return invocation.plan({ settings: { topic } });
}

/** Prints the page; with `--json` as the text of one object. */
export async function run(plan: Plan, session: CommandContext): Promise<number> {
  const { output } = session;
  const text = await pageOf(plan, session);
  if (output.json) await output.object("help", { topic: plan.settings["topic"], text });
  else await output.text(text);
  return 0;
}

async function pageOf(plan: Plan, { commands, flags, host }: CommandContext): Promise<string> {
  if (flags.flag("reference")) {
    const { reference } = await import("../reference.ts");
    return await reference(commands);
  }
  // A page that goes to a file or a pipe must not depend on the window beside it.
  const columns = host.stdio.outputIsTerminal ? host.terminalSize()?.columns : undefined;
  const name = plan.settings["topic"];
  if (typeof name !== "string") return overview(commands, columns);
  const row = commands.find((row) => row.name === name);
  // A command and a topic may have one name (limits): both pages then.
  const pages = [
    ...(row === undefined ? [] : [commandPage(row, columns)]),
    ...(Object.hasOwn(topics, name) ? [await topicPage(name, columns)] : []),
  ];
  return pages.join("\n");
}

async function topicPage(name: string, columns: number | undefined): Promise<string> {
  const lines = await topics[name]?.lines(pageWidth(columns)) ?? [];
  return `${name}: ${topics[name]?.summary}\n\n${lines.join("\n")}\n`;
}
