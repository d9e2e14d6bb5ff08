/**
 * Completions -> a script for fish.
 * @module
 */

import type { Candidates, CompletedCommand, CompletedFlag } from "./completion.ts";

/** The script. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const none = quoted(`not __fish_seen_subcommand_from ${names}`);
  return [
    "# fish completion for plumb; made by: plumb completions fish",
    "complete -c plumb -f",
    ...commands.map(({ name, summary }) =>
      `complete -c plumb -n ${none} -a ${name} -d ${quoted(summary)}`
    ),
    ...commands.flatMap(commandLines),
    "",
  ].join("\n");
}

function commandLines({ name, flags, arguments: all }: CompletedCommand): string[] {
  const inside = quoted(`__fish_seen_subcommand_from ${name}`);
  const words = new Set(all.flatMap(({ values }) => values instanceof Array ? values : []));
  return [
    ...flags.map((flag) => flagLine(inside, flag)),
    // fish has no places: the words of all arguments are offered together.
    ...(words.size === 0
      ? []
      : [`complete -c plumb -n ${inside} -a ${quoted([...words].join(" "))}`]),
  ];
}

function flagLine(inside: string, flag: CompletedFlag): string {
  return [
    `complete -c plumb -n ${inside}`,
    ...(flag.short === undefined ? [] : [`-s ${flag.short}`]),
    `-l ${flag.name}`,
    ...(flag.takesValue ? [valueOf(flag.values)] : []),
    `-d ${quoted(flag.help)}`,
  ].join(" ");
}

function valueOf(values: Candidates): string {
  if (values === "files") return "-r -F";
  return values === null ? "-x" : `-x -a ${quoted(values.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
