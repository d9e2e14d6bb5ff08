/** Rows 40 to 43 of "Most wanted" in shared/design/asks.md: who gets in, where, and how many. */

import "../support/libc.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { limitTable } from "../../lib/core/limits.ts";
import { converse, echoed, fateOf } from "../support/clients.ts";
import { testFolder } from "../support/folder.ts";
import { keyFolder } from "../support/key_folder.ts";
import { plumb, startPlumb } from "../support/process.ts";

Deno.test("chisel#399: every end of a tunnel can be a Unix socket", async () => {
  await using folder = await keyFolder();
  const [target, carrier, front, back] = ["target", "carrier", "front", "back"]
    .map((name) => `unix:${folder.file(name)}`);
  const security = ["--key-file", folder.key];
  await using upper = startPlumb(["serve", "upper", `${target}`]);
  await using server = startPlumb([
    ...["link", `listen:${carrier}`, ...security],
    ...["--permit", `${target}`, "--permit", `listen:${back}`],
  ]);
  await upper.listening();
  await server.listening();
  await using client = startPlumb([
    ...["link", `${carrier}`, ...security],
    ...["--forward", `listen:${front}=${target}`, "--reverse", `listen:${back}=${target}`],
  ]);
  await client.stderrLine(/^listening on unix:.*back at the other side$/);
  assertEquals(await converse(`${front}`, "forward"), "FORWARD");
  assertEquals(await converse(`${back}`, "reverse"), "REVERSE");
});

Deno.test("rathole#405: a tunnel takes any free port, on either side, and says which", async () => {
  const anywhere = "listen:tcp://127.0.0.1:0";
  await using server = startPlumb([
    ...["link", anywhere, "--no-seal"],
    ...["--permit", "exec:tr a-z A-Z", "--permit", "listen:tcp://127.0.0.1:*"],
  ]);
  const [carrier = ""] = await server.listening();
  await using client = startPlumb([
    ...["link", carrier, "--no-seal"],
    ...["--forward", `${anywhere}=exec:tr a-z A-Z`, "--reverse", `${anywhere}=exec:tr a-z A-Z`],
  ]);
  const [, there = ""] = await client.stderrLine(/^listening on (\S+) at the other side$/);
  const [here = ""] = await client.listening();
  assertEquals(await converse(here, "here"), "HERE");
  assertEquals(await converse(there, "there"), "THERE");
});

Deno.test("nmap#2944: the access list is read again, and no session notices", async () => {
  await using folder = await testFolder();
  const list = folder.file("deny");
  await Deno.writeTextFile(list, "# nobody yet\n192.0.2.0/24\n");
  await using server = startPlumb(
    ["serve", "echo", "tcp://127.0.0.1:0", "--deny", `@${list}`, "-v"],
  );
  const [address = ""] = await server.listening();
  await using before = await connect(address);
  assertEquals(await echoed(before, "one"), "one");

  await Deno.writeTextFile(list, "127.0.0.0/8\n");
  server.signal("SIGHUP");
  await server.stderrLine(/^access list reloaded$/);
  assertEquals(await fateOf(address), "reset");
  assertEquals(await echoed(before, "two"), "two");

  await Deno.writeTextFile(list, "192.0.2.0/24\n127.0.0.1/8\n");
  server.signal("SIGHUP");
  const [said] = await server.stderrLine(/^plumb: reload: .* stays as it was$/);
  assertMatch(said, /deny:2: 127\.0\.0\.1\/8 has host bits set; write 127\.0\.0\.0\/8/);
  assertEquals(await fateOf(address), "reset");

  await Deno.remove(list);
  server.signal("SIGHUP");
  await server.stderrLine(/no such file or directory \(ENOENT\); the access list stays/);
  assertEquals(await fateOf(address), "reset");

  await Deno.writeTextFile(list, "");
  server.signal("SIGHUP");
  while (await fateOf(address) !== "x");
  assertEquals(await echoed(before, "three"), "three");
});

Deno.test("websocketd#46: limits are on without being asked for, and each has its reason", async () => {
  await using server = startPlumb(["serve", "echo", "tcp://127.0.0.1:0"]);
  const address = new URL((await server.listening())[0] ?? "");
  const { value } = limitTable["connections-per-peer"];
  const at = { hostname: "127.0.0.1", port: Number(address.port) };
  const clients = [];
  try {
    while (clients.length < value) clients.push(await Deno.connect(at));
    assertEquals(await fateOf(address.href), "reset");
    await server.stderrLine(/^plumb: warning: .*connections-per-peer/);
  } finally {
    for (const client of clients) client.close();
  }
  const { stdout } = await plumb(["help", "limits"]);
  for (const [name, { reason }] of Object.entries(limitTable)) {
    const text = stdout.replace(/\s+/g, " ");
    assert(text.includes(`${name}=`) && text.includes(reason), name);
  }
});
