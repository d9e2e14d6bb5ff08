/**
 * Completions -> a script for bash (3.2 and later).
 * @module
 */

import type { Candidates, CompletedCommand } from "./completion.ts";

/**
 * The script. It does not use COMP_WORDS: bash cuts them at every `:` and `=`, and both are parts
 * of addresses and flags. The line is cut at blanks instead, and what bash takes for the words
 * before the cursor is taken off the replies again at the end.
 */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const valueFlags = new Set(
    commands.flatMap(({ flags }) => flags.filter((flag) => flag.takesValue))
      .map((flag) => `--${flag.name}`),
  );
  return `# bash completion for plumb; made by: plumb completions bash
_plumb() {
  local line=\${COMP_LINE:0:COMP_POINT} cur flag= value command= skip= position=0
  local word words=() candidates= files= stem i
  cur=\${line##*[[:space:]]}
  read -ra words <<<"\${line%"$cur"}"
  for word in "\${words[@]:1}"; do
    if [[ $skip ]]; then skip=; continue; fi
    case $word in
      ${[...valueFlags].join("|")}) skip=1; flag=$word ;;
      -?*) ;;
      *) if [[ -z $command ]]; then command=$word; else position=$((position + 1)); fi ;;
    esac
  done
  value=$cur
  if [[ -z $skip ]]; then
    flag=
    if [[ $cur == --*=* ]]; then flag=\${cur%%=*} value=\${cur#*=}; fi
  fi
  if [[ $flag ]]; then
    case $command/$flag in
${cases(valueCases(commands))}
    esac
  elif [[ $cur == -* ]]; then
    case $command in
${cases(flagCases(commands))}
    esac
  elif [[ -z $command ]]; then
    candidates=${quoted(commands.map((command) => command.name))}
  else
    case $command/$position in
${cases(argumentCases(commands))}
    esac
  fi
  COMPREPLY=()
  local IFS=$'\\n'
  if [[ $files ]]; then
    COMPREPLY=($(compgen -f -- "$value"))
    compopt -o filenames 2>/dev/null # bash 3.2 has none
  else
    COMPREPLY=($(compgen -W "\${candidates// /$IFS}" -- "$value"))
  fi
  # What stands before the last break character is a word of its own to bash.
  stem=\${cur%"$value"}
  for ((i = 0; i < \${#COMPREPLY[@]}; i++)); do COMPREPLY[i]=$stem\${COMPREPLY[i]}; done
  for word in = :; do
    if [[ $COMP_WORDBREAKS == *"$word"* && $cur == *"$word"* ]]; then
      stem=\${cur%"\${cur##*"$word"}"}
      COMPREPLY=("\${COMPREPLY[@]#"$stem"}")
      cur=\${cur#"$stem"}
    fi
  done
  if [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *[=:/] ]]; then
    compopt -o nospace 2>/dev/null
  fi
  return 0
}
complete -o default -F _plumb plumb
`;
}

/** Places that take the same words share a line. */
type Places = ReadonlyArray<readonly [pattern: string, candidates: Candidates]>;

function valueCases(commands: readonly CompletedCommand[]): Places {
  const places = commands.flatMap(({ name, flags }) =>
    flags.filter((flag) => flag.takesValue).map((flag) => ({ command: name, ...flag }))
  );
  // Flags that every command takes may stand before the command too.
  const isShared = (name: string) =>
    places.filter((place) => place.name === name).length === commands.length;
  return places
    .filter(({ command, name }) => !isShared(name) || command === commands[0]?.name)
    .map(({ command, name, values }) =>
      [`${isShared(name) ? "*" : command}/--${name}`, values] as const
    );
}

function flagCases(commands: readonly CompletedCommand[]): Places {
  const written = commands.map(({ name, flags }) =>
    [
      name,
      flags.flatMap((flag) => [
        ...(flag.short === undefined ? [] : [`-${flag.short}`]),
        `--${flag.name}`,
      ]),
    ] as const
  );
  const shared = written[0]?.[1].filter((flag) =>
    written.every(([, flags]) => flags.includes(flag))
  );
  return [...written, ["*", shared ?? null]];
}

function argumentCases(commands: readonly CompletedCommand[]): Places {
  return commands.flatMap(({ name, arguments: all }) =>
    all.map((argument, at) =>
      [
        argument.repeat ? `${name}/[${at}-9]|${name}/[1-9][0-9]*` : `${name}/${at}`,
        argument.values,
      ] as const
    )
  );
}

function cases(places: Places): string {
  const actions = new Map<string, string[]>();
  for (const [pattern, candidates] of places) {
    if (candidates === null) continue;
    const action = candidates === "files" ? "files=1" : `candidates=${quoted(candidates)}`;
    actions.set(action, [...actions.get(action) ?? [], pattern]);
  }
  return [...actions].map(([action, patterns]) => `      ${patterns.join("|")}) ${action} ;;`)
    .join("\n");
}

/** Words of our own tables only: no blank, quote or dollar is in them. */
function quoted(words: readonly string[]): string {
  return `'${words.join(" ")}'`;
}
