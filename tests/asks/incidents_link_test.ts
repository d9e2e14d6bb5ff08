/**
 * "Incidents and their lessons" of shared/design/asks.md: keys and permits, where gost and chisel
 * went wrong.
 */

import "../support/libc.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { converse, fateOf } from "../support/clients.ts";
import { keyFolder } from "../support/key_folder.ts";
import { plumb, startPlumb } from "../support/process.ts";

const anywhere = "listen:tcp://127.0.0.1:0";

Deno.test("gost CVE-2024-39223: a server is never believed without the key, and no key is no way", async () => {
  await using folder = await keyFolder();
  const other = await folder.write("other", 0o600);
  await using server = startPlumb(["link", anywhere, "--key-file", other, "--permit", "exec:cat"]);
  const [carrier = ""] = await server.listening();
  const forward = ["--forward", `${anywhere}=exec:cat`];
  const wrong = await plumb(["link", carrier, "--key-file", folder.key, ...forward]);
  assertEquals(wrong.code, 5, wrong.stderr);
  // Nothing was opened for who is not known: not even the listener here.
  assert(!wrong.stderr.includes("listening on"), wrong.stderr);
  const keyless = await plumb(["link", carrier, "--no-seal", "--timeout=2s", ...forward]);
  assertEquals([4, 5].includes(keyless.code), true, keyless.stderr);
  for (const address of ["tcp://192.0.2.1:7000", carrier]) {
    const { code, stderr } = await plumb(["link", address]);
    assertEquals([code, stderr.split("\n").length], [2, 2], stderr);
  }
});

Deno.test("chisel 44310b6: a permit is looked up at every open, however the target is written", async () => {
  await using folder = await keyFolder();
  const security = ["--key-file", folder.key];
  await using upper = startPlumb(["serve", "upper", "tcp://127.0.0.1:0"]);
  const [target = ""] = await upper.listening();
  await using server = startPlumb(["link", anywhere, ...security, "--permit", target]);
  const [carrier = ""] = await server.listening();
  const forbidden = [
    target.replace("127.0.0.1", "localhost"),
    target.replace("127.0.0.1", "127.0.0.2"),
    target.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
    target.replace("tcp:", "udp:"),
    `${target}?bind=127.0.0.3:0`,
    "tcp://127.0.0.1:1",
    "exec:cat",
    "unix:/run/x",
  ];
  const forwards = [target, ...forbidden].flatMap((to) => ["--forward", `${anywhere}=${to}`]);
  await using client = startPlumb(["link", carrier, ...security, ...forwards]);
  const [permitted = "", ...others] = await client.listening(1 + forbidden.length);
  for (const [at, front] of others.entries()) {
    assertMatch(await fateOf(front), /reset/, forbidden[at]);
    // The session goes on, and being let in once is no leave for the next one.
    assertEquals(await converse(permitted, "permitted"), "PERMITTED");
  }
  await server.stderrMatches(/^plumb: warning: not permitted: /gm, 1);
});
