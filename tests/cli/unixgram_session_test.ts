/** The session line of Unix datagrams: the sender's path and who it is. */

import { assertEquals, assertMatch } from "@std/assert";
import { testFolder } from "../support/folder.ts";
import { plumb, root, start, startPlumb } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";

const [uid, gid] = [Deno.uid() ?? -1, Deno.gid() ?? -1];
const flags = ["--replies=1", "--until-quiet=5s"];

Deno.test("serve names path and credentials of a Unix datagram peer in its session line", async () => {
  await using folder = await testFolder();
  const path = folder.file("server");
  const address = `unixgram:${path}`;
  await using server = startPlumb(["serve", "echo", "-v", "--limit=datagram-idle=200ms", address]);
  await server.listening();
  const from = `${address}?bind=${folder.file("client")}`;
  await using client = startPlumb(["connect", ...flags, from], { stdin: { text: "hello" } });
  assertEquals((await client.result()).stdout, "hello");
  const [line] = await server.stderrLine(/^session 1: .*$/m);
  const who = `\\(pid=${client.pid} uid=${uid} gid=${gid}\\)`;
  assertMatch(
    line,
    new RegExp(`^session 1: unixgram:${folder.file("client")} ${who} at ${address}`),
  );
  assertMatch(line, /: 5 B in, 5 B out, /);
});

toolTest("socat", "listen --json gives the credentials of a sender without a name", async () => {
  await using folder = await testFolder();
  const path = folder.file("server");
  const json = ["listen", "--json", "--idle=300ms", `unixgram:${path}`];
  await using server = startPlumb(json);
  await server.stderrLine(/"event":"listening"/);
  await using sender = start(["socat", "-u", "-", `UNIX-SENDTO:${path}`], {
    stdin: { text: "logged" },
  });
  await server.stdoutHas("logged");
  const [line] = await server.stderrLine(/^.*"event":"session".*$/m);
  const { peer, local, credentials, bytesIn, bytesOut } = JSON.parse(line);
  assertEquals([peer, local, bytesIn, bytesOut], ["", `unixgram:${path}`, 6, 0]);
  assertEquals(credentials, { pid: sender.pid, uid, gid });
});

Deno.test("listen -v names path and credentials of its peer", async () => {
  await using folder = await testFolder();
  const address = `unixgram:${folder.file("server")}`;
  await using server = startPlumb(["listen", "-v", "--idle=300ms", address]);
  await server.listening();
  const to = `${address}?bind=${folder.file("client")}`;
  await using client = startPlumb(["connect", "--until-quiet=10ms", to], { stdin: { text: "hi" } });
  const { pid } = client;
  await server.stdoutHas("hi");
  const [line] = await server.stderrLine(/^session 1: .*$/m);
  const peer = `unixgram:${folder.file("client")} (pid=${pid} uid=${uid} gid=${gid})`;
  assertEquals(line.startsWith(`session 1: stdio: <-> ${peer}: 0 B ->, 2 B <-, `), true, line);
});

Deno.test("a Unix stream's session line has the credentials, too", async () => {
  await using folder = await testFolder();
  const address = `unix:${folder.file("server")}`;
  await using server = startPlumb(["serve", "echo", "-v", address]);
  await server.listening();
  await using client = startPlumb(["connect", address], { stdin: { text: "hi" } });
  await client.result();
  const [, pid] = await server.stderrLine(
    /^session 1: unix:\S+ \(pid=(\d+) uid=\d+ gid=\d+\) at /m,
  );
  assertEquals(Number(pid), client.pid);
});

Deno.test("without FFI the runtime receives Unix datagrams, and nobody's credentials are claimed", async () => {
  await using folder = await testFolder();
  const address = `unixgram:${folder.file("server")}`;
  const bare = ["run", "--quiet", "--cached-only", "--config", `${root}deno.json`, "--no-prompt"];
  const allowed = ["--allow-net", "--allow-read", "--allow-write", "--allow-sys", "--allow-env"];
  const json = ["listen", "--json", "--idle=300ms", address];
  const command = [Deno.execPath(), ...bare, ...allowed, `${root}main.ts`, ...json];
  await using server = start(command);
  await server.stderrLine(/"event":"listening"/);
  await plumb(["connect", "--until-quiet=10ms", address], { stdin: { text: "heard" } });
  await server.stdoutHas("heard");
  const [line] = await server.stderrLine(/^.*"event":"session".*$/m);
  const { credentials, bytesIn } = JSON.parse(line);
  assertEquals([credentials, bytesIn], [undefined, 5]);
});
