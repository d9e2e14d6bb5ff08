/**
 * The program as a process: what only a process can show. The rest is tested through `run`.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { plumb, root, start } from "../support/process.ts";
import { plumbCommand } from "../support/process.ts";

Deno.test("version exits 0 with one line on standard output", async () => {
  const { code, stdout, stderr } = await plumb(["version"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^plumb \d+\.\d+\.\d+ \(deno [\d.]+, v8 [\w.-]+, \w+-unknown-linux-gnu\)\n$/);
});

Deno.test("plumb alone shows help on standard error and exits 2", async () => {
  const { code, stdout, stderr } = await plumb([]);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /^plumb: the socket workbench/);
});

Deno.test("hostile arguments reach the exit status 2 with one line", async () => {
  const lines = [
    "--\u001b]0;title\u0007",
    "x\ny",
    "\u009b31m",
    "\u{1f600}",
    "-\u00e9",
    "a".repeat(99_999),
  ];
  for (const word of lines) {
    const { code, stdout, stderr } = await plumb([word]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, /^plumb: usage: unknown [^\n]+\n$/);
    // deno-lint-ignore no-control-regex -- control characters are what is looked for
    assert(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(stderr));
  }
});

Deno.test("help to a pipe whose reader has gone ends quietly", async () => {
  const command = [...plumbCommand, "help", "connect"].map((word) => `'${word}'`).join(" ");
  const script = `set -o pipefail; ${command} | head -1`;
  await using shell = start(["bash", "-c", script], { stdin: "null" });
  const { code, stdout, stderr } = await shell.result();
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout, "plumb connect: standard input and output to a peer\n");
});

/** Values for the help of flags: names of models, defaults of a watch; and the word that a child is started with. */
const small = new Set(["service/model.ts", "service/far_sign.ts", "link/watch_defaults.ts"]);

Deno.test("starting one command loads nothing of the others", async () => {
  // What the runtime says that it loads, with --log-level=debug, is not an interface; the time of
  // access is. Every module of another command is made unreadable in a copy instead.
  const copy = await Deno.makeTempDir({ prefix: "plumb-lazy-" });
  try {
    const script =
      `cp -r '${root}'main.ts '${root}'deno.json '${root}'deno.lock '${root}'lib '${copy}'`;
    await using copying = start(["sh", "-c", script], { stdin: "null" });
    assertEquals((await copying.result()).code, 0);
    for await (const { name } of Deno.readDir(`${copy}/lib/cli/commands`)) {
      if (name !== "version.ts") {
        await Deno.writeTextFile(`${copy}/lib/cli/commands/${name}`, "throw 1;");
      }
    }
    const rooms = ["api", "link", "measure", "stream", "service", "transport", "wire"];
    for (const room of rooms) {
      for await (const { name } of Deno.readDir(`${copy}/lib/${room}`)) {
        if (name.endsWith(".ts") && !small.has(`${room}/${name}`)) {
          await Deno.writeTextFile(`${copy}/lib/${room}/${name}`, "throw 1;");
        }
      }
    }
    const command = plumbCommand.map((word) =>
      word.startsWith(root) ? copy + "/" + word.slice(root.length) : word
    );
    await using program = start([...command, "version"], { stdin: "null" });
    const { code, stderr } = await program.result();
    assertEquals([code, stderr], [0, ""]);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
});
