/** Rule 8: what signals do, to commands of one session and to servers. */

import { assertEquals, assertMatch } from "@std/assert";
import { freeTcpPort, portOf } from "../support/ports.ts";
import { plumb, type RunningProcess, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";

const endings = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const;

for (const [signal, code] of endings) {
  Deno.test(`${signal} ends a command of one session at once, with ${code}`, async () => {
    // In a session; waiting for a peer; waiting on two sides for one each.
    await using busy = startPlumb(["connect", "exec:cat"]);
    await using waiting = startPlumb(["listen", "127.0.0.1:0"]);
    await using once = startPlumb(["relay", "--once", "listen:tcp://127.0.0.1:0", "exec:cat"]);
    await using pair = startPlumb([
      "relay",
      "--once",
      ...Array(2).fill("listen:tcp://127.0.0.1:0"),
    ]);
    await using stdio = startPlumb(["relay", "-", "listen:tcp://127.0.0.1:0"]);
    await busy.write("x");
    await busy.stdoutHas("x");
    await together([waiting.listening(), once.listening(), pair.listening(2), stdio.listening()]);
    await together([busy, waiting, once, pair, stdio].map(async (process) => {
      const result = await process.stop(signal);
      assertEquals(result.code, code, result.stderr);
      assertEquals(result.stderr.replace(/^listening on \S+\n/gm, ""), "");
    }));
  });
}

/** A relay to a child, with one session open that answers. */
async function busyServer(...flags: string[]) {
  const server = startPlumb(["relay", "-v", ...flags, "listen:tcp://127.0.0.1:0", "exec:cat"]);
  const [front = ""] = await server.listening();
  const client = startPlumb(["connect", `127.0.0.1:${portOf(front)}`]);
  await client.write("x");
  await client.stdoutHas("x");
  return { server, client, front };
}

async function refuses(front: string): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: portOf(front) }).then(
    (conn) => conn,
    () => null,
  );
  conn?.close();
  assertEquals(conn, null);
}

/** Waits until a server accepts no more: what a drain does first. */
async function draining(front: string): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      return await refuses(front);
    } catch (error) {
      if (attempt === 1_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Asks for the tally until it says so: a byte is counted a moment after it was seen outside. */
async function tallies(process: RunningProcess, pattern: RegExp): Promise<void> {
  for (let asked = 0; asked < 100; asked++) {
    process.signal("SIGUSR2");
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (pattern.test(process.stderr)) return;
  }
  throw new Error(`no ${pattern} in\n${process.stderr}`);
}

Deno.test("a drained server accepts no more, and exits 0 when its sessions have ended", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const { server, client, front } = await busyServer();
    await using _server = server;
    await using _client = client;
    server.signal(signal);
    await draining(front);
    await client.write("still served");
    await client.stdoutHas("still served");
    await client.endInput();
    const { code, stderr } = await server.result();
    assertEquals(code, 0);
    assertMatch(stderr, /^session 1: .*peer-end/m);
    assertEquals((await client.result()).code, 0);
  }
});

Deno.test("a drain that takes longer than --drain cuts the sessions: 143", async () => {
  const { server, client } = await busyServer("--drain=100ms");
  await using _server = server;
  await using _client = client;
  const { code, stderr } = await server.stop("SIGTERM");
  assertEquals(code, 143);
  assertMatch(stderr, /^session 1: .*drain/m);
  assertMatch(stderr, /\(1 cut\)/);
});

Deno.test("a second signal cuts the sessions at once", async () => {
  const { server, client, front } = await busyServer();
  await using _server = server;
  await using _client = client;
  server.signal("SIGTERM");
  await draining(front);
  const { code, stderr } = await server.stop("SIGINT");
  // The number is that of the signal that stopped it.
  assertEquals(code, 143);
  assertMatch(stderr, /^session 1: .*signal/m);
});

Deno.test("datagram sessions do not hold a drain", async () => {
  await using server = startPlumb(["serve", "echo", "udp://127.0.0.1:0"]);
  const [address = ""] = await server.listening();
  await using client = startPlumb(["connect", address]);
  await client.write("x");
  await client.stdoutHas("x");
  assertEquals((await server.stop("SIGTERM")).code, 0);
});

Deno.test("SIGHUP leaves a server without a terminal at work, SIGUSR2 says its tally", async () => {
  const { server, client } = await busyServer();
  await using _server = server;
  await using _client = client;
  server.signal("SIGHUP");
  await tallies(server, /^1 session, 1 B ->, 1 B <-, /m);
  await client.write("y");
  await client.stdoutHas("xy");
  await client.endInput();
  await client.result();
  assertEquals((await server.stop()).code, 0);
});

Deno.test("SIGUSR2 says the tally of a single session", async () => {
  await using client = startPlumb(["connect", "exec:cat"]);
  await client.write("hello");
  await client.stdoutHas("hello");
  await tallies(client, /^1 session, 5 B ->, 5 B <-, /m);
  await client.endInput();
  assertEquals((await client.result()).code, 0);
});

Deno.test("listen --keep numbers its sessions, and says on SIGUSR2 what all of them did", async () => {
  await using server = startPlumb(["listen", "--keep", "-v", "127.0.0.1:0"], { stdin: "null" });
  const [address = ""] = await server.listening();
  await tallies(server, /^0 sessions, 0 B ->, 0 B <-, /m);
  for (const word of ["one\n", "three\n"]) {
    await plumb(["connect", address], { stdin: { text: word } });
  }
  await tallies(server, /^0 sessions, 0 B ->, 10 B <-, /m);
  await using client = startPlumb(["connect", address]);
  await client.write("x");
  await server.stdoutHas("x");
  await tallies(server, /^1 session, 0 B ->, 11 B <-, /m);
  await client.endInput();
  await client.result();
  const { stderr } = await server.stop("SIGTERM");
  assertEquals(stderr.match(/^session \d+/gm), ["session 1", "session 2", "session 3"]);
});

Deno.test("SIGUSR2 says what was announced, and ends no command that has no tally", async () => {
  await using announcing = startPlumb(["serve", "announce", "udp://127.0.0.1:9", "--every=1h"]);
  await announcing.stderrLine(/^announcing to /m);
  await tallies(announcing, /^1 message announced, /m);
  assertEquals((await announcing.stop("SIGTERM")).code, 0);
  const port = freeTcpPort();
  const watch = ["sockets", "--watch", `--port=${port}`, "--timeout=1m"];
  await using watching = startPlumb(watch);
  await watching.stderrLine(/^waiting for a connection$/m);
  watching.signal("SIGUSR2");
  assertEquals((await watching.stop("SIGTERM")).code, 143);
});

Deno.test("listen --keep serves peers in turn, and ends between them by a signal with 0", async () => {
  await using server = startPlumb(["listen", "--keep", "127.0.0.1:0"], { stdin: "null" });
  const [address = ""] = await server.listening();
  for (const word of ["one\n", "two\n"]) {
    const { code } = await plumb(["connect", address], { stdin: { text: word } });
    assertEquals(code, 0);
  }
  await server.stdoutHas("one\ntwo\n");
  const { code, stdout } = await server.stop("SIGTERM");
  assertEquals([code, stdout], [0, "one\ntwo\n"]);
});
