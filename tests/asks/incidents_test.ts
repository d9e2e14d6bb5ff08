/**
 * "Incidents and their lessons" of shared/design/asks.md: what went wrong in socat, iperf3 and ws
 * does not here.
 */

import "../support/libc.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { NetError } from "../../lib/core/error.ts";
import { converse, echoed, fateOf, many, nextPeer, wholeAnswer } from "../support/clients.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { testFolder } from "../support/folder.ts";
import { plumb, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";
import { within } from "../support/within.ts";

const loopback = "tcp://127.0.0.1:0";
const bytes = (text: string) => new TextEncoder().encode(text);

/** What is in a folder. */
async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

/** Says something to an address and reads what comes until it is closed, in order or not. */
async function provoke(address: string, ...parts: readonly Uint8Array[]): Promise<void> {
  await using client = await connect(address);
  try {
    for (const part of parts) await client.write(part);
    await client.closeWrite();
    await wholeAnswer(client);
  } catch (thrown) {
    // A reset is as good an answer as an end.
    if (!(thrown instanceof NetError)) throw thrown;
  }
}

Deno.test("socat CVE-2004-1484, CVE-2010-2799: hostile address strings are exit 2 and one line", async () => {
  const hostile = [
    "%s%s%n%n%n%n:%n",
    `tcp://${"%6e".repeat(30_000)}:1`,
    `unix:/${"x".repeat(100_000)}`,
    "tcp://127.0.0.1:18446744073709551617",
    "tcp://127.0.0.1:1?rcvbuf=18446744073709551617",
    `tcp://h:1?${"a=1&".repeat(20_000)}`,
  ];
  const fates = await together(hostile.map((address) => plumb(["connect", address])));
  for (const [at, { code, stderr }] of fates.entries()) {
    assertEquals([code, stderr.split("\n").length], [2, 2], `${at}: ${stderr.slice(0, 500)}`);
    assertMatch(stderr, /^plumb: /);
  }
});

Deno.test("socat CVE-2013-3571: who is refused leaves nothing behind, and opens nothing", async () => {
  using target = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using relay = startPlumb(
    ["relay", "--deny", "127.0.0.1", `listen:${loopback}`, `127.0.0.1:${target.addr.port}`],
  );
  const [front = ""] = await relay.listening();
  const refused = (count: number) =>
    many(count, 10, async () => assertMatch(await fateOf(front), /reset/));
  await refused(20);
  const before = holdings(relay.pid);
  await refused(500);
  await settle(relay.pid, ({ descriptors }) => descriptors <= before.descriptors);
  // The first that the other end hears of is this one.
  using own = await Deno.connect({ port: target.addr.port });
  using first = await nextPeer(target);
  assertEquals(first.remoteAddr, own.localAddr);
});

Deno.test("socat CVE-2015-1379: no storm of signals stops a server or a session", async () => {
  await using server = startPlumb(["serve", "echo", "--allow", "127.0.0.0/8", loopback]);
  const [address = ""] = await server.listening();
  await using client = await connect(address);
  for (let round = 0; round < 40; round++) {
    for (const signal of ["SIGHUP", "SIGUSR2", "SIGPIPE", "SIGCHLD", "SIGWINCH"] as const) {
      server.signal(signal);
    }
    assertEquals(await echoed(client, `${round}`), `${round}`);
  }
  await server.stderrLine(/^1 session/);
  client.abort();
  assertEquals((await server.stop()).code, 0);
});

Deno.test("socat CVE-2024-54661: a temporary path cannot be foretold, is private, and is removed", async () => {
  await using folder = await testFolder();
  const address = `unixgram:${folder.file("server")}`;
  await using server = startPlumb(["serve", "echo", "-v", address]);
  await server.listening();
  const env = { TMPDIR: folder.file("temporary") };
  await Deno.mkdir(env.TMPDIR);
  const talk = async (name: string): Promise<string> => {
    await using client = startPlumb(["connect", `${address}?bind=temporary`], { env });
    await client.write(name);
    await client.stdoutHas(name);
    const [place, ...more] = await names(env.TMPDIR);
    assertEquals(more, []);
    // Others may pass through, for a server has to answer, and see nothing of it.
    const { mode } = await Deno.stat(`${env.TMPDIR}/${place}`);
    assertEquals((mode ?? 0) & 0o777, 0o711);
    await client.endInput();
    assertEquals((await client.result()).code, 0);
    assertEquals(await names(env.TMPDIR), []);
    return place ?? "";
  };
  const [first, second] = [await talk("first"), await talk("second")];
  assertMatch(first, /\w{12,}$/);
  assert(first !== second);
});

Deno.test("iperf3 CVE-2023-38403, CVE-2024-53580: no control message brings a server down", async () => {
  await using folder = await testFolder();
  const door = folder.file("door");
  await using server = startPlumb(["serve", "pingpong", loopback, "--takeover", door]);
  const [address = ""] = await server.listening();
  // What a client begins with, heard by listening to one.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asking = plumb(["ping", "-c", "1", "--mode=pingpong", `127.0.0.1:${listener.addr.port}`]);
  const heard = await nextPeer(listener);
  const preface = new Uint8Array(64);
  const length = await within(heard.read(preface), () => "no preface") ?? 0;
  heard.close();
  assertEquals((await asking).code, 4);
  const begin = preface.subarray(0, length);

  await provoke(address, bytes("x"));
  const before = holdings(server.pid).residentBytes;
  const random = () => crypto.getRandomValues(new Uint8Array(4096));
  for (let round = 0; round < 10; round++) {
    const long = new Uint8Array(64 * 1024).fill(0xff); // of each type, the greatest length
    long[0] = round;
    await together([
      provoke(address, begin, long),
      provoke(address, begin, new Uint8Array(64 * 1024)),
      provoke(address, begin, random()),
      provoke(address, random()),
      provoke(`unix:${door}`, bytes(`{"takeover":[${"[".repeat(round * 100)}\n`)),
      provoke(`unix:${door}`, bytes(`{"type":${round},"version":"1e999"}\n`)),
    ]);
  }
  await provoke(`unix:${door}`, ...Array.from({ length: 16 }, () => new Uint8Array(1 << 20)));
  const grown = holdings(server.pid).residentBytes - before;
  assert(grown < 64 * 1024 * 1024, `${grown} bytes more`);
  const { code } = await plumb(["ping", "-c", "1", "--mode=pingpong", address]);
  assertEquals(code, 0);
});

Deno.test("ws 7.4.6: no answer of a peer makes the pattern that it is held against slow", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const heartbeat = "every=1s,misses=5,send=PING\\n,expect=^(a+)+$";
  await using client = startPlumb(
    ["connect", "--heartbeat", heartbeat, `tcp://127.0.0.1:${listener.addr.port}`],
    { stdin: "null" },
  );
  const peer = await nextPeer(listener);
  // As long as a line may be that is looked at.
  const line = `${"a".repeat(4_000)}!\n`;
  for (let rest = bytes(line.repeat(20)); rest.length > 0;) {
    rest = rest.subarray(await peer.write(rest));
  }
  await peer.closeWrite();
  const began = performance.now();
  const { code, stdout } = await client.result();
  peer.close();
  assertEquals([code, stdout === line.repeat(20)], [0, true]);
  assert(performance.now() - began < 5_000);
});

Deno.test("websocketd 0.5: a live server's Unix socket is never taken, a stale one is", async () => {
  await using folder = await testFolder();
  const address = `unix:${folder.file("socket")}`;
  await using server = startPlumb(["serve", "echo", address]);
  await server.listening();
  const { code, stderr } = await plumb(["listen", address]);
  assertEquals(code, 3);
  assertMatch(stderr, /^plumb: listen unix:.*\(EADDRINUSE\).*\n$/);
  assertEquals(await converse(address, "still its own"), "still its own");
  await server.stop("SIGKILL");
  await using next = startPlumb(["listen", address]);
  await next.listening();
  assertEquals((await next.stop("SIGINT")).code, 130);
});

Deno.test("websocketd 0.5: processes for clients are bounded, and those that wait are served", async () => {
  const few = ["--max-connections", "3"];
  await using relay = startPlumb(["relay", ...few, `listen:${loopback}`, "exec:cat"]);
  const [address = ""] = await relay.listening();
  let most = 0;
  const count = setInterval(() => most = Math.max(most, holdings(relay.pid).children), 5);
  const texts = Array.from({ length: 15 }, (_, at) => `client ${at}`);
  try {
    assertEquals(await together(texts.map((text) => converse(address, text))), texts);
  } finally {
    clearInterval(count);
  }
  assert(most <= 3, `${most} processes`);
});
