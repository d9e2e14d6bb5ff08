import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { flagsOf } from "../../../lib/cli/command.ts";
import { prefixesOf } from "../../../lib/cli/completion.ts";
import { run } from "../../../lib/cli/run.ts";
import { commands } from "../../../lib/cli/table.ts";
import { fakeHost } from "../../support/host.ts";

async function script(shell: string): Promise<string> {
  const host = fakeHost();
  assertEquals(await run(["completions", shell], host), 0);
  return host.output();
}

for (const shell of ["bash", "zsh", "fish"]) {
  Deno.test(`the script for ${shell} knows every command and every flag`, async () => {
    const text = await script(shell);
    for (const row of commands) {
      assertStringIncludes(text, row.name);
      for (const flag of flagsOf(row)) {
        const written = shell === "fish" ? `-l ${flag.name} ` : `--${flag.name}`;
        assertEquals(text.includes(written), !flag.hidden, `${row.name} --${flag.name}`);
      }
    }
  });
}

Deno.test("the script as JSON is one object", async () => {
  const host = fakeHost();
  assertEquals(await run(["completions", "bash", "--json"], host), 0);
  const object = JSON.parse(host.output());
  assertEquals([object.event, object.shell], ["completions", "bash"]);
  assert(object.text.startsWith("# bash completion for plumb"));
});

Deno.test("addresses begin as the forms of their scheme do", () => {
  const forms = ["tcp://host:port", "tcp://[::1]:80", "host:port", ":port"];
  assertEquals(prefixesOf("tcp", forms), ["tcp://"]);
  assertEquals(prefixesOf("unix", ["unix:/path", "unix:@name"]), ["unix:"]);
  assertEquals(prefixesOf("stdio", ["-", "stdio:"]), ["-", "stdio:"]);
});
