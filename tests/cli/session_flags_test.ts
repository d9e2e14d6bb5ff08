/** Session flags of the program, rule 3 (half-close) and rule 12 (what children are told). */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { testFolder } from "../support/folder.ts";
import { freeTcpPort, portOf } from "../support/ports.ts";
import { plumb, plumbCommand, run, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";

/** `connect` with its input, to a child. */
async function session(text: string, ...args: string[]) {
  return await plumb(["connect", ...args], { stdin: { text } });
}

/** A peer that says what it is told, piece by piece, and then stays silent without an end. */
function silentPeer(...pieces: string[]) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const over = Promise.withResolvers<void>();
  const running = (async () => {
    using conn = await listener.accept();
    for (const piece of pieces) {
      await conn.write(new TextEncoder().encode(piece));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // Until the session's end; a reset is one, too.
    const buffer = new Uint8Array(1024);
    while (await conn.read(buffer).catch(() => null) !== null);
    await over.promise;
  })();
  return {
    address: `tcp://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      over.resolve();
      await running;
      listener.close();
    },
  };
}

Deno.test("--idle ends a session that stands still: exit 4", async () => {
  await using peer = silentPeer("x");
  const { code, stdout, stderr } = await session("x", "-v", "--idle=150ms", peer.address);
  assertEquals([code, stdout], [4, "x"]);
  assertMatch(stderr, /^session 1: .*, idle \(.*nothing moved for 150 ms\)/m);
  assertMatch(stderr, /^plumb: .*nothing moved for 150 ms$/m);
});

Deno.test("--lifetime ends a session in order: exit 0", async () => {
  await using peer = silentPeer();
  const { code, stderr } = await session("", "-v", "--lifetime=150ms", peer.address);
  assertEquals(code, 0);
  assertMatch(stderr, /, lifetime$/m);
});

Deno.test("--eof-timeout is how long the other direction may go on: exit 4", async () => {
  await using peer = silentPeer("x");
  const { code, stdout, stderr } = await session("", "--eof-timeout=250ms", peer.address);
  assertEquals([code, stdout], [4, "x"]);
  assertMatch(stderr, /more than 250 ms \(--eof-timeout\)$/m);
});

Deno.test("no timer runs unless it is asked for: a reply may come long after the request", async () => {
  const { code, stdout, stderr } = await session("x", "sh:cat; sleep 1; echo late");
  assertEquals([code, stdout, stderr], [0, "xlate\n", ""]);
});

Deno.test("--until-quiet ends after the last byte, --timeout never ends a session", async () => {
  await using peer = silentPeer("1", "2", "3");
  const flags = ["--until-quiet=400ms", "--timeout=150ms"];
  const { code, stdout } = await session("x", ...flags, peer.address);
  assertEquals([code, stdout], [0, "123"]);
});

Deno.test("-x shows offset, hex, text, direction and time on standard error", async () => {
  const { stdout, stderr } = await session("hello\n", "-x", "exec:cat");
  assertEquals(stdout, "hello\n");
  for (const direction of ["> a-b", "< b-a"]) {
    assertMatch(
      stderr,
      new RegExp(`^${direction} 6 bytes \\d{4}-.*Z\n0{8}  68 65 6c .* \\|hello\\.\\|$`, "m"),
    );
  }
});

Deno.test("--record keeps each direction byte for byte, of each session of a server", async () => {
  await using folder = await testFolder();
  const one = folder.file("one");
  await session("question\n", `--record=${one}`, "sh:cat >/dev/null; echo answer");
  assertEquals(await Deno.readTextFile(`${one}.a-b`), "question\n");
  assertEquals(await Deno.readTextFile(`${one}.b-a`), "answer\n");
  const many = folder.file("many");
  await using relay = startPlumb([
    ...["relay", `--record=${many}`, "listen:tcp://127.0.0.1:0", "exec:cat"],
  ]);
  const [front = ""] = await relay.listening();
  await session("first", `127.0.0.1:${portOf(front)}`);
  await session("second", `127.0.0.1:${portOf(front)}`);
  await relay.stop();
  assertEquals(await Deno.readTextFile(`${many}.1.a-b`), "first");
  assertEquals(await Deno.readTextFile(`${many}.2.b-a`), "second");
});

Deno.test("--one-way carries one direction and throws the other away", async () => {
  const up = await session("up\n", "--one-way=a-to-b", "sh:cat >&2; echo down");
  assertEquals([up.code, up.stdout, up.stderr], [0, "", "up\n"]);
  // The data is thrown away and its end is not: who waits for the end of input gets it.
  const sorted = await session("up\n", "--one-way=b-to-a", "sh:sort; echo end");
  assertEquals([sorted.code, sorted.stdout], [0, "end\n"]);
  const down = await session("up\n", "--one-way=b-to-a", "sh:echo down");
  assertEquals([down.code, down.stdout], [0, "down\n"]);
});

Deno.test("--rate-limit holds, and nothing is lost", async () => {
  const text = "0123456789".repeat(3000);
  const before = performance.now();
  const { stdout } = await session(text, "--rate-limit=100KB/s", "--one-way=a-to-b", "sh:cat >&2");
  assertEquals(stdout, "");
  const limited = await session(text, "--rate-limit=100KB/s", "exec:cat");
  assert(limited.stdout === text);
  // 60 kB at 100 kB/s, less what may go at once.
  assert(performance.now() - before > 150);
});

Deno.test("--tally-every says what has passed so far, of a server's open sessions too", async () => {
  const args = ["--tally-every=50ms", "listen:tcp://127.0.0.1:0", "exec:cat"];
  await using relay = startPlumb(["relay", ...args]);
  const [front = ""] = await relay.listening();
  await using client = startPlumb(["connect", "--tally-every=50ms", `127.0.0.1:${portOf(front)}`]);
  await client.write("hello");
  await client.stderrLine(/^1 session, 5 B ->, 5 B <-, /);
  await relay.stderrLine(/^1 session, 5 B ->, 5 B <-, /);
  await client.endInput();
  assertEquals((await client.result()).code, 0);
  await relay.stderrLine(/^0 sessions, 5 B ->, 5 B <-, /);
});

Deno.test("--buffer=line writes whole lines only, none writes at once", async () => {
  await using client = startPlumb(["connect", "--buffer=line", "exec:cat"]);
  await client.write("half");
  await client.write(" a line\nrest");
  await client.stdoutHas("half a line\n");
  assertEquals(client.stdout, "half a line\n");
  await client.endInput();
  assertEquals((await client.result()).stdout, "half a line\nrest");
});

Deno.test("`| head -1` ends the program quietly, whatever still comes", async () => {
  const words = plumbCommand.map((word) => `'${word}'`).join(" ");
  await using server = startPlumb(["serve", "chargen", "127.0.0.1:0"]);
  const [address = ""] = await server.listening();
  await together([address, "exec:yes", "sh:seq 1000000"].map(async (address) => {
    const script = `set -o pipefail; ${words} connect '${address}' </dev/null | head -1`;
    const { code, stdout, stderr } = await run(["bash", "-c", script]);
    assertEquals([address, code, stderr], [address, 0, ""]);
    assertEquals(stdout.split("\n").length, 2);
  }));
});

Deno.test("--child-status gives the child's own exit status, else it is said with -v", async () => {
  const [plain, status] = await together([
    session("", "-v", "sh:exit 7"),
    session("", "--child-status", "sh:exit 7"),
  ]);
  assertEquals([plain?.code, status?.code], [0, 7]);
  assertMatch(plain?.stderr ?? "", /child \d+ exited with 7$/m);
  const json = await session("", "--json", "-v", "sh:kill -9 $$");
  const { child } = JSON.parse(json.stderr);
  assertEquals([child.code, child.signal], [137, "SIGKILL"]);
});

Deno.test("a child is told its session, its peer and where that came in", async () => {
  const show = "sh:echo $PLUMB_SESSION,$PLUMB_PEER,$PLUMB_LOCAL";
  assertEquals((await session("", show)).stdout, "1,stdio:,\n");
  await using relay = startPlumb(["relay", "listen:tcp://127.0.0.1:0", show]);
  const [front = ""] = await relay.listening();
  for (const id of [1, 2]) {
    const { stdout } = await session("", `127.0.0.1:${portOf(front)}`);
    assertMatch(stdout, new RegExp(`^${id},tcp://127\\.0\\.0\\.1:\\d+,${front}\n$`));
  }
});

Deno.test("two passive ends are paired in order of arrival, whichever end came first", async () => {
  await using folder = await testFolder();
  const [a, b] = [`unix:${folder.file("a")}`, `unix:${folder.file("b")}`];
  for (const flags of [[], ["--once"]]) {
    await using relay = startPlumb(["relay", ...flags, `listen:${a}`, `listen:${b}`]);
    assertEquals(await relay.listening(2), [a, b]);
    await using right = startPlumb(["connect", b]);
    await right.write("from b\n");
    await using left = startPlumb(["connect", a]);
    await left.write("from a\n");
    await together([left.stdoutHas("from b\n"), right.stdoutHas("from a\n")]);
    await together([left.endInput(), right.endInput()]);
    assertEquals([(await left.result()).code, (await right.result()).code], [0, 0]);
    if (flags.length === 0) relay.signal("SIGTERM");
    assertEquals((await relay.result()).code, 0);
  }
});

Deno.test("once closes the listener when its peer has come", async () => {
  await using relay = startPlumb(["relay", "--once", "listen:tcp://127.0.0.1:0", "exec:cat"]);
  const [front = ""] = await relay.listening();
  await using client = startPlumb(["connect", `127.0.0.1:${portOf(front)}`]);
  await client.write("x");
  await client.stdoutHas("x");
  const late = await session("", `127.0.0.1:${portOf(front)}`);
  assertEquals(late.code, 3);
  await client.endInput();
  assertEquals([(await client.result()).code, (await relay.result()).code], [0, 0]);
});

Deno.test("relay --once whose other end is not there resets its peer: exit 3", async () => {
  const to = `127.0.0.1:${freeTcpPort()}`;
  await using relay = startPlumb(["relay", "--once", "listen:tcp://127.0.0.1:0", to]);
  const [front = ""] = await relay.listening();
  const client = await session("", `127.0.0.1:${portOf(front)}`);
  assertEquals([client.code, (await relay.result()).code], [4, 3]);
});
