/**
 * Completions -> a script for zsh: a function for `_arguments`, to be stored as `_plumb` in a
 * folder of $fpath, or sourced.
 * @module
 */

import type { Candidates, CompletedCommand, CompletedFlag } from "./completion.ts";

/** The script. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  return `#compdef plumb
# zsh completion for plumb; made by: plumb completions zsh
_plumb() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  local -a commands
  commands=(
${described.join("\n")}
  )
  _arguments -C '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $line[1] in
${commands.map(commandCase).join("\n")}
      esac ;;
  esac
}
if [[ $funcstack[1] == _plumb ]]; then _plumb "$@"; else compdef _plumb plumb; fi
`;
}

function commandCase({ name, flags, arguments: all }: CompletedCommand): string {
  const specs = [
    ...flags.map(flagSpec),
    ...all.map((argument, at) => {
      const place = argument.repeat ? "*" : String(at + 1);
      return quoted(`${place}:${argument.name}:${action(argument.values)}`);
    }),
  ];
  const lines = specs.map((spec) => `            ${spec}`).join(" \\\n");
  return `        ${name})\n          _arguments \\\n${lines} ;;`;
}

/** `'(-q --silent)'{-q,--silent}'[help]'`; `'*--limit=[help]:value:(...)'`. */
function flagSpec(flag: CompletedFlag): string {
  const help = `[${flag.help.replace(/[[\]:]/g, "\\$&")}]`;
  const value = flag.takesValue ? `:value:${action(flag.values)}` : "";
  const equals = flag.takesValue ? "=" : "";
  if (flag.short === undefined) {
    return quoted(`${flag.repeat ? "*" : ""}--${flag.name}${equals}${help}${value}`);
  }
  // A + after the letter: its value may be in the same word.
  const names = `{-${flag.short}${flag.takesValue ? "+" : ""},--${flag.name}${equals}}`;
  const before = flag.repeat ? "'*'" : `'(-${flag.short} --${flag.name})'`;
  return `${before}${names}${quoted(help + value)}`;
}

function action(values: Candidates): string {
  if (values === null) return " ";
  if (values === "files") return "_files";
  // -S '': a scheme or a limit's name is only the beginning of a word.
  const open = values.some((value) => /[:/=]$/.test(value));
  return open ? `{compadd -S "" -- ${values.join(" ")}}` : `(${values.join(" ")})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
