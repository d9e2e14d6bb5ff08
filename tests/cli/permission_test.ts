/** Rules 6 and 7: a permission that the runtime was not given is named in one line, exit 5. */

import { assertEquals, assertMatch } from "@std/assert";
import { plumbCommand, run, start } from "../support/process.ts";
import { together } from "../support/together.ts";

/** The program as it is started, but for one permission. */
function without(permission: string, args: readonly string[]): string[] {
  return plumbCommand.flatMap((word) => {
    return word === "--allow-all" ? [word, "--no-prompt", `--deny-${permission}`] : [word];
  }).concat(args);
}

Deno.test("a permission that is missing is exit 5, one line that names it, and no bug", async () => {
  const cases = [
    ["net", "serve echo tcp://127.0.0.1:0", "listen tcp://127.0.0.1:0"],
    ["net", "connect tcp://127.0.0.1:1", "connect tcp://127.0.0.1:1"],
    ["run", "connect exec:cat", "connect exec:cat"],
    ["write", "serve --log /tmp/no/log echo tcp://127.0.0.1:0", "open /tmp/no/log"],
    ["read", "link --key-file /tmp/no/key tcp://127.0.0.1:1", "key file /tmp/no/key"],
  ] as const;
  await together(cases.map(async ([permission, words, subject]) => {
    const { code, stderr } = await run(without(permission, words.split(" ")));
    const [first = "", ...others] = stderr.split("\n");
    assertEquals([words, code, others], [words, 5, [""]], stderr);
    assertEquals(first.startsWith(`plumb: ${subject}: requires ${permission} access to `), true);
    assertMatch(first, new RegExp(`, run again with the --allow-${permission} flag$`));
  }));
});

Deno.test("a folder is served without --allow-sys: the system says whether it may be entered", async () => {
  const args = ["serve", "http", ".", "tcp://127.0.0.1:0"];
  await using server = start(without("sys", args), { stdin: "null" });
  await server.listening();
  const { code, stderr } = await server.stop();
  assertEquals([code, stderr.split("\n").length], [0, 2], stderr);
});

Deno.test("sockets are listed without --allow-sys: who one is decides a hint alone", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = `${listener.addr.port}`;
  const { code, stdout, stderr } = await run(without("sys", ["sockets", "--port", port]));
  assertEquals([code, stdout.includes(`127.0.0.1:${port}`)], [0, true], stderr);
});
