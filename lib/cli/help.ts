/**
 * The command table -> pages of help.
 * @module
 */

import { type CommandRow, usageLine } from "./command.ts";
import type { FlagRow } from "./flag.ts";
import { sharedFlags } from "./flags.ts";
import { definitions, pageWidth, wrap } from "./text.ts";
import { topics } from "./topics.ts";

/** The page of `plumb help`, and of `plumb` alone. */
export function overview(commands: readonly CommandRow[], columns?: number): string {
  const width = pageWidth(columns);
  return page([
    wrap("plumb: the socket workbench. Listens, connects, relays and serves.", width),
    ["usage: plumb COMMAND [flags] [arguments]"],
    ["Commands", ...definitions(commands.map((row) => [row.name, row.summary]), width)],
    [
      "Topics (plumb help TOPIC)",
      ...definitions(Object.entries(topics).map(([name, topic]) => [name, topic.summary]), width),
    ],
    ["Flags of every command", ...definitions(sharedFlags.map(flagLine), width)],
    wrap("plumb help COMMAND shows the arguments, flags and examples of one.", width),
  ]);
}

/** The page of one command. */
export function commandPage(row: CommandRow, columns?: number): string {
  const width = pageWidth(columns);
  const shared = new Set(sharedFlags.map((flag) => flag.name));
  const own = row.flags.filter((flag) => !shared.has(flag.name) && !flag.hidden);
  const others = sharedFlags.map((flag) => row.flags.find((f) => f.name === flag.name) ?? flag);
  const sections = [
    wrap(`plumb ${row.name}: ${row.summary}`, width),
    [usageLine(row)],
    ...(row.details ?? []).map((paragraph) => wrap(paragraph, width)),
  ];
  const positionals = row.positionals.map((want) =>
    [
      want.name,
      want.choices === undefined ? want.summary : `${want.summary}: ${want.choices.join(", ")}`,
    ] as const
  );
  if (positionals.length > 0) sections.push(["Arguments", ...definitions(positionals, width)]);
  if (own.length > 0) sections.push(["Flags", ...definitions(own.map(flagLine), width)]);
  sections.push(["Flags of every command", ...definitions(others.map(flagLine), width)]);
  const examples = row.examples.flatMap(({ line, summary }) => [
    `  ${line}`,
    ...wrap(summary, width, 6),
  ]);
  if (examples.length > 0) sections.push(["Examples", ...examples]);
  return page(sections);
}

/** How a flag is written, and what it does. */
export function flagLine(row: FlagRow): readonly [string, string] {
  return [flagTerm(row), row.help];
}

/** `-q, --silent`; `--idle D`; `--buffer none|line|block`; `--reconnect[=N]`. */
export function flagTerm(row: FlagRow): string {
  const name = row.short === undefined ? `--${row.name}` : `-${row.short}, --${row.name}`;
  if (row.kind === "flag") return name;
  const value = row.choices?.join("|") ?? row.placeholder ?? "VALUE";
  return row.bare === undefined ? `${name} ${value}` : `${name}[=${value}]`;
}

function page(sections: ReadonlyArray<readonly string[]>): string {
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}
