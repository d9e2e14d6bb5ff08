/**
 * Tells the one failure of `deno compile` that is nobody's fault from all others.
 * @module
 */

/** What to say, and the exit status to say it with. */
export interface CompileFailure {
  readonly status: 1 | 3;
  readonly text: string;
}

/**
 * Reads what `deno compile` said. It puts the program behind a prebuilt runtime part, denort, that
 * it fetches for each target; an offline machine fails there, and its message is five lines deep.
 */
export function compileFailure(target: string, said: string): CompileFailure {
  const url = /https?:\/\/\S*denort\S*?\.zip/.exec(said)?.[0];
  if (url !== undefined && said.includes("Setting up base binary")) {
    // The innermost cause is the last line of the numbered chain.
    const causes = [...said.matchAll(/^ +\d+: (.+)$/gm)].map((match) => match[1] ?? "");
    const cause = causes.filter((text) => text !== "<unknown>").at(-1) ?? "no cause given";
    return {
      status: 3,
      text: `compile ${target}: the runtime part cannot be fetched: ${url}: ${cause}`,
    };
  }
  return { status: 1, text: `compile ${target} failed:\n${said.trimEnd()}` };
}
