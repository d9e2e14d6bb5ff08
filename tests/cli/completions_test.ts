/**
 * The completion scripts in the shells that they are for.
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { plumb, run } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";

/** What bash offers at the end of each line. */
async function offers(lines: readonly string[]): Promise<string[][]> {
  const script = (await plumb(["completions", "bash"])).stdout;
  const ask = `
    source <(printf '%s' "$SCRIPT")
    while IFS= read -r line; do
      COMP_LINE=$line COMP_POINT=\${#line} COMPREPLY=()
      _plumb
      (IFS=' '; printf '%s\\n' "\${COMPREPLY[*]}")
    done`;
  const { stdout, stderr, code } = await run(["bash", "-c", ask], {
    env: { SCRIPT: script },
    stdin: { text: lines.map((line) => `${line}\n`).join("") },
  });
  assertEquals([code, stderr], [0, ""]);
  return stdout.split("\n").slice(0, -1).map((line) => line.split(" ").filter((word) => word));
}

toolTest("bash", "bash completes commands, flags, values and arguments", async () => {
  const cases: ReadonlyArray<readonly [string, string]> = [
    ["plumb co", "connect completions"],
    ["plumb connect --bu", "--buffer"],
    ["plumb connect --buffer ", "none line block"],
    // bash takes "=" for the end of a word: only what follows it is replaced.
    ["plumb connect --buffer=l", "line"],
    ["plumb serve echo --model pr", "process prefork="],
    ["plumb --color al", "always"],
    ["plumb --color=al", "always"],
    ["plumb --timeout 5s conn", "connect"],
    ["plumb --silent completions ", "bash zsh fish"],
    ["plumb help exi", "exit-status"],
    ["plumb serve ech", "echo"],
    ["plumb serve echo tc", "tcp://"],
    ["plumb serve echo :1 :2 tc", "tcp://"],
    ["plumb relay lis", "listen:"],
    ["plumb connect --limit line", "line="],
    ["plumb connect --limit=line", "line="],
    ["plumb connect --timeout ", ""],
    ["plumb version x", ""],
    ["plumb nonsense ", ""],
    ["plumb connect --log /etc/passw", "/etc/passwd"],
  ];
  const found = await offers(cases.map(([line]) => line));
  for (const [at, [line, words]] of cases.entries()) {
    const offered = (found[at] ?? []).filter((word) => !word.endsWith("passwd-"));
    assertEquals([line, offered.join(" ")], [line, words]);
  }
});

toolTest("zsh", "zsh takes the script", async () => {
  const script = (await plumb(["completions", "zsh"])).stdout;
  const ask = 'autoload -U compinit; compinit -u -D; eval "$SCRIPT"; print $_comps[plumb]';
  const { code, stdout, stderr } = await run(["zsh", "-f", "-c", ask], { env: { SCRIPT: script } });
  assertEquals([code, stdout, stderr], [0, "_plumb\n", ""]);
});

toolTest("fish", "fish completes commands, flags and values", async () => {
  const script = (await plumb(["completions", "fish"])).stdout;
  const home = await Deno.makeTempDir({ prefix: "plumb-fish-" });
  try {
    const ask = async (line: string) => {
      const env = { SCRIPT: script, HOME: home, LINE: line };
      const command = ["fish", "-c", 'echo "$SCRIPT" | source; complete -C "$LINE"'];
      const { code, stdout } = await run(command, { env });
      assertEquals(code, 0);
      return stdout;
    };
    assertStringIncludes(await ask("plumb conn"), "connect\t");
    assertStringIncludes(await ask("plumb connect --buf"), "--buffer\t");
    assertStringIncludes(await ask("plumb connect --buffer l"), "line");
    assertStringIncludes(await ask("plumb completions z"), "zsh");
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
