/**
 * "Incidents and their lessons" of shared/design/asks.md: keys and permits, where gost and chisel
 * went wrong.
 */

import "../support/libc.ts";
import { assertEquals, assertMatch } from "@std/assert";
import { converse, fateOf } from "../support/clients.ts";
import { keyFolder } from "../support/key_folder.ts";
import { plumb, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";

const anywhere = "listen:tcp://127.0.0.1:0";

Deno.test("gost CVE-2024-39223: a server is never believed without the key, and no key is no way", async () => {
  await using folder = await keyFolder();
  const other = await folder.write("other", 0o600);
  await using server = startPlumb(["link", anywhere, "--key-file", other, "--permit", "exec:cat"]);
  const [carrier = ""] = await server.listening();
  const forward = ["--forward", `${anywhere}=exec:cat`];
  const fates = await together([
    plumb(["link", carrier, "--key-file", folder.key, ...forward]),
    plumb(["link", carrier, "--no-seal", ...forward]), // speaks another way: no session
    plumb(["link", carrier, ...forward]),
    plumb(["link", "tcp://192.0.2.1:7000", ...forward]),
  ]);
  assertEquals(fates.map(({ code }) => code), [5, 4, 2, 2]);
  for (const { stderr } of fates) {
    // Nothing was opened for who is not known: not even the listener here.
    assertEquals([stderr.split("\n").length, /listening on/.test(stderr)], [2, false], stderr);
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
