/**
 * The command table -> docs/reference.md. A test holds the file to what this gives.
 * @module
 */

import { type CommandRow, usageLine } from "./command.ts";
import type { FlagRow } from "./flag.ts";
import { sharedFlags } from "./flags.ts";
import { flagLine } from "./help.ts";
import { wrap } from "./text.ts";
import { topics } from "./topics.ts";

/** Width of the texts that are quoted from the topics. */
const topicWidth = 100;

/** The reference as Markdown. */
export async function reference(commands: readonly CommandRow[]): Promise<string> {
  const pages: string[] = [];
  for (const [name, topic] of Object.entries(topics)) {
    const lines = (await topic.lines(topicWidth)).map((line) => line.trimEnd());
    pages.push(`## ${name}\n\n${sentence(topic.summary)}\n\n${fenced(lines.join("\n").trim())}`);
  }
  return [
    "# Reference",
    "Made from the command table by `plumb help --reference`; do not edit it by hand.",
    ...commands.map(commandSection),
    `## Flags of every command\n\n${flagTable(sharedFlags)}`,
    ...pages,
  ].join("\n\n") + "\n";
}

function commandSection(row: CommandRow): string {
  const shared = new Set(sharedFlags);
  const flags = row.flags.filter((flag) => !shared.has(flag) && !flag.hidden);
  const examples = row.examples.map(({ line, summary }) => `# ${summary}\n${line}`).join("\n");
  return [
    `## plumb ${row.name}`,
    sentence(row.summary),
    fenced(usageLine(row)),
    ...(row.details ?? []).map((paragraph) => wrap(paragraph, 100).join("\n")),
    ...(row.positionals.length === 0 ? [] : [
      markdownTable(
        ["argument", "meaning"],
        row.positionals.map((want) => [`\`${want.name}\``, want.summary]),
      ),
    ]),
    ...(flags.length === 0 ? [] : [flagTable(flags)]),
    ...(examples === "" ? [] : [fenced(examples)]),
  ].join("\n\n");
}

function flagTable(flags: readonly FlagRow[]): string {
  const rows = flags.map(flagLine).map(([term, help]) => [`\`${term}\``, help]);
  return markdownTable(["flag", "meaning"], rows);
}

/** Padded as `deno fmt` pads it, so that the formatter leaves the file alone. */
function markdownTable(heads: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = heads.map((head, at) =>
    Math.max(head.length, ...cells.map((row) => (row[at] ?? "").length))
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)]
    .join("\n");
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
