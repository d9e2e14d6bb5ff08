/**
 * The accept policy of `serve` and `relay`, seen from outside.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { converse, echoed, fateOf } from "../support/clients.ts";
import { plumb, startPlumb } from "../support/process.ts";
import { readToEnd } from "../support/pair.ts";
import "../support/libc.ts";

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("bad flags are exit 2 with one line, before anything is opened", async () => {
  for (
    const [flags, line] of [
      [["--allow", "10.1.2.3/8"], "10.1.2.3/8 has host bits set; write 10.0.0.0/8"],
      [["--deny", "localhost"], "localhost is no address or network"],
      [["--deny", "@/nonexistent"], "access list /nonexistent: no such file"],
      [["--accept-rate", "5"], "5 is no rate of connections; write 5/s"],
      [["--accept-rate", "0/s"], "is no rate of connections"],
      [["--max-connections", "0"], "max-connections is at least 1"],
      [["--when-full", "drop"], "drop is no when-full"],
      [["--when-full", "reset", "--busy-message", "x"], "exclude each other"],
      [["--first-byte", "3"], "a duration needs a unit"],
    ] as const
  ) {
    const { code, stderr } = await plumb(["serve", "echo", "tcp://127.0.0.1:0", ...flags]);
    assertEquals(code, 2, stderr);
    assertEquals(stderr.split("\n").length, 2, stderr);
    assert(stderr.includes(line), stderr);
  }
  for (const flag of ["--deny=::1", "--takeover=/tmp/never", "--first-byte=1s"]) {
    const relay = ["relay", "--once", "listen:tcp://127.0.0.1:0", "exec:cat", flag];
    const { code, stderr } = await plumb(relay);
    const name = flag.split("=")[0];
    assertEquals([code, stderr], [2, `plumb: relay: ${name} is for relays that serve many\n`]);
  }
  const { code, stderr } = await plumb(
    ["serve", "echo", "udp://127.0.0.1:0", "--takeover", "/tmp/never"],
  );
  assertEquals([code, stderr], [
    2,
    "plumb: takeover: udp cannot be taken over; only tcp and unix can\n",
  ]);
});

Deno.test("SIGHUP under load drops nothing", async () => {
  await using server = startPlumb(
    ["serve", "echo", "tcp://127.0.0.1:0", "--allow", "127.0.0.0/8"],
  );
  const [address = ""] = await server.listening();
  let isOver = false;
  const worker = async () => {
    const fates = new Map<string, number>();
    while (!isOver) {
      const word = await fateOf(address, "hello");
      fates.set(word, (fates.get(word) ?? 0) + 1);
    }
    return [...fates.keys()];
  };
  const workers = Array.from({ length: 8 }, worker);
  for (let at = 0; at < 10; at++) {
    server.signal("SIGHUP");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  isOver = true;
  assertEquals(new Set((await Promise.all(workers)).flat()), new Set(["hello"]));
  assertEquals((await server.stop()).code, 0);
});

Deno.test("when full the next client waits, and is served when there is room", async () => {
  await using server = startPlumb(
    ["serve", "echo", "tcp://127.0.0.1:0", "--max-connections", "1"],
  );
  const [address = ""] = await server.listening();
  const first = await connect(address);
  assertEquals(await echoed(first, "first"), "first");
  const second = converse(address, "second");
  await server.stderrLine(/1 connections reached: more wait in the backlog/);
  await first[Symbol.asyncDispose]();
  assertEquals(await second, "second");
});

Deno.test("when full, reset refuses at once", async () => {
  await using server = startPlumb([
    "serve",
    "echo",
    "tcp://127.0.0.1:0",
    ...["--max-connections", "1", "--when-full", "reset"],
  ]);
  const [address = ""] = await server.listening();
  await using first = await connect(address);
  assertEquals(await echoed(first, "first"), "first");
  assertEquals(await fateOf(address), "reset");
});

Deno.test("the busy message arrives although the client sent what nobody reads, TCP and Unix", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-busy-" });
  try {
    await using server = startPlumb([
      "serve",
      "echo",
      ...["tcp://127.0.0.1:0", `unix:${folder}/s`],
      ...["--max-connections", "1", "--busy-message", "come back later"],
    ]);
    const addresses = await server.listening(2);
    await using first = await connect(addresses[0] ?? "");
    assertEquals(await echoed(first, "first"), "first");
    for (const address of addresses) {
      for (let round = 0; round < 10; round++) {
        await using client = await connect(address);
        // More than both kernels' buffers hold: it would be unread when the server closes.
        const writing = client.write(new Uint8Array(8 * 1024 * 1024)).catch(() => {});
        assertEquals(decode(await readToEnd(client)), "come back later\n");
        client.abort();
        await writing;
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a client that says nothing is ended by --first-byte, one that spoke is not", async () => {
  await using server = startPlumb(
    ["serve", "echo", "tcp://127.0.0.1:0", "--first-byte", "300ms", "--json", "-v"],
  );
  const event = await server.stderrLine(/"event":"listening"/);
  const address = JSON.parse(event.input ?? "").address;
  await using talker = await connect(address);
  assertEquals(await echoed(talker, "x"), "x");
  await using silent = await connect(address);
  await silent.read(new Uint8Array(1)).catch(() => {});
  const line = await server.stderrLine(/"event":"session".*"reason":"idle"/);
  const fields = JSON.parse(line.input ?? "");
  assertEquals([fields.id, fields.bytesIn, fields.bytesOut], [2, 0, 0]);
  assertEquals(fields.peer, silent.local.text);
  assertEquals(fields.local, address);
  assert(fields.durationMs >= 300 && fields.durationMs < 2_000);
  assertEquals(await echoed(talker, "y"), "y");
});

Deno.test("the accept rate holds clients in the backlog, and serves all of them", async () => {
  await using server = startPlumb(["serve", "echo", "tcp://127.0.0.1:0", "--accept-rate", "20/s"]);
  const [address = ""] = await server.listening();
  const startMs = performance.now();
  const answers = await Promise.all(Array.from({ length: 13 }, () => converse(address, "x")));
  assertEquals(new Set(answers), new Set(["x"]));
  // Three at once, then one each 50 ms.
  assert(performance.now() - startMs >= 9 * 50);
});

Deno.test("the same flags hold for a relay, and its session has one line", async () => {
  await using server = startPlumb([
    ...["relay", "listen:tcp://127.0.0.1:0", "exec:cat", "-v"],
    ...["--max-connections", "1", "--busy-message", "busy", "--deny", "::1"],
  ]);
  const [address = ""] = await server.listening();
  await using first = await connect(address);
  assertEquals(await echoed(first, "first"), "first");
  assertEquals(await fateOf(address), "busy\n");
  await first.closeWrite();
  await readToEnd(first);
  const [line] = await server.stderrLine(/^session 1: .*/);
  assertMatch(line, /: 5 B in, 5 B out, \d+\.\d{3}s, peer-end, child=\d+ exit=0$/);
});

Deno.test("a drain says how many ended by themselves and how many were cut", async () => {
  await using server = startPlumb(["serve", "echo", "tcp://127.0.0.1:0", "--drain", "500ms"]);
  const [address = ""] = await server.listening();
  const clients = await Promise.all([1, 2, 3].map(() => connect(address)));
  for (const client of clients) assertEquals(await echoed(client, "x"), "x");
  server.signal("SIGTERM");
  await server.stderrLine(/^draining: 3 open, for at most 0\.5s$/);
  // The runtime closes a listener a little after it was told: a client may just be in its backlog.
  assertMatch(await fateOf(address), /^(refused|reset)$/);
  assertEquals(await echoed(clients[0] as Duplex, "still there"), "still there");
  await clients[0]?.[Symbol.asyncDispose]();
  const { code, stderr } = await server.result();
  assertEquals(code, 128 + 15);
  assert(stderr.includes("drained: 1 ended by themselves, 2 cut\n"), stderr);
  for (const client of clients) client.abort();
});

Deno.test("backlog reaches the kernel, on TCP and Unix; -1 is the most", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-backlog-" });
  try {
    await using server = startPlumb([
      ...["serve", "echo", "tcp://127.0.0.1:0?backlog=-1", "tcp://127.0.0.1:0?backlog=7"],
      ...["tcp://127.0.0.1:0?backlog=9&reuseaddr=no", `unix:${folder}/a?backlog=11`],
      `unix:${folder}/b?backlog=-1`,
    ]);
    await server.listening(5);
    const { stdout } = await new Deno.Command("ss", { args: ["-lntxpH"] }).output();
    const rows = decode(stdout).split("\n").filter((row) => row.includes(`pid=${server.pid},`));
    const lengths = rows.map((row) => Number(row.split(/\s+/)[3])).sort((a, b) => a - b);
    const most = Number(await Deno.readTextFile("/proc/sys/net/core/somaxconn"));
    assertEquals(lengths, [7, 9, 11, most, most]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
