/**
 * Heartbeats over real networks that fail, in namespaces: nothing arrives any more and nobody says
 * so. All bounds are those of the issue: every x misses, plus one interval.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type NetHost, Network, networkTest } from "../support/namespaces.ts";
import { run } from "../support/process.ts";
import { testUnless } from "../support/tools.ts";

const everyMs = 400;
const heartbeat = `every=${everyMs}ms,misses=3`;

/** Every x misses plus one interval, and what a loaded machine adds. */
const boundMs = everyMs * 4 + 1_500;

async function twoHosts(network: Network): Promise<readonly [NetHost, NetHost]> {
  const hosts = [await network.host("client"), await network.host("server")] as const;
  await network.join(hosts);
  return hosts;
}

/**
 * Nothing that these hosts send gets out any more, and nobody is told: a queue that holds nothing
 * (tc-pfifo(8)). Not a route, and not the link: of those the kernel tells its programs.
 */
async function cut(...hosts: readonly NetHost[]): Promise<void> {
  for (const host of hosts) await queue(host, "replace", "pfifo", "limit", "0");
}

async function mend(...hosts: readonly NetHost[]): Promise<void> {
  for (const host of hosts) await queue(host, "del");
}

async function queue(host: NetHost, ...words: readonly string[]): Promise<void> {
  const [verb = "", ...kind] = words;
  const command = ["tc", "-n", host.name, "qdisc", verb, "dev", "eth0", "root", ...kind];
  const { code, stderr } = await run(command);
  if (code !== 0) throw new Error(stderr);
}

async function timed(work: Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work;
  return performance.now() - startMs;
}

networkTest("a blackhole in mid-transfer is noticed on both sides within the bound", async () => {
  await using network = new Network();
  const [client, server] = await twoHosts(network);
  await using echo = server.plumb(
    ["serve", "echo", "tcp://0.0.0.0:7000", "-v", "--heartbeat", heartbeat],
  );
  await echo.listening();
  let received = 0;
  await using running = client.plumb(
    ["connect", "tcp://10.77.1.2:7000", "--heartbeat", heartbeat],
    { stdin: endless(), onStdout: (chunk) => void (received += chunk.length) },
  );
  while (received < 1_000_000) await new Promise((resolve) => setTimeout(resolve, 20));
  await cut(client, server);
  const line = /no sign of life for 1\.2 s \(3 missed, every 400 ms\)/;
  const [clientMs, serverMs] = await Promise.all([
    timed(running.stderrLine(line)),
    timed(echo.stderrLine(/session 1: .* dead/)),
  ]);
  assert(clientMs < boundMs, `client: ${clientMs}`);
  assert(serverMs < boundMs, `server: ${serverMs}`);
  const { code, stderr } = await running.result();
  assertEquals(code, 4, stderr);
});

/** Bytes for as long as they are read. */
function endless(): ReadableStream<Uint8Array> {
  const chunk = new Uint8Array(64 * 1024).fill(0x61);
  return new ReadableStream({ pull: (to) => to.enqueue(chunk) });
}

networkTest("a client that vanished frees its session within the bound", async () => {
  await using network = new Network();
  const [client, server] = await twoHosts(network);
  await using listening = server.plumb(
    ["listen", "tcp://0.0.0.0:7000", "-v", "--heartbeat", `${heartbeat},send=are you there\\n`],
  );
  await listening.listening();
  await using nobody = client.start(["socat", "-u", "TCP:10.77.1.2:7000", "STDOUT"]);
  await nobody.stdoutHas("are you there");
  await cut(client);
  await listening.stderrLine(/no sign of life/);
  const { code } = await listening.result();
  assertEquals(code, 4);
  // The port is free at once.
  await using again = server.plumb(["listen", "tcp://0.0.0.0:7000"]);
  await again.listening();
  await again.stop();
});

networkTest("after a reconnection a dead peer is noticed the second time, too", async () => {
  await using network = new Network();
  const [client, server] = await twoHosts(network);
  await using echo = server.plumb([
    "serve",
    "echo",
    "tcp://0.0.0.0:7000",
    "--heartbeat",
    heartbeat,
  ]);
  await echo.listening();
  const flags = ["--heartbeat", heartbeat, "--reconnect", "--backoff=50ms", "--json"];
  await using running = client.plumb(["connect", ...flags, "tcp://10.77.1.2:7000"]);
  for (let times = 1; times <= 2; times++) {
    await running.stderrMatches(/"state":"up"/g, times);
    await running.write("hello");
    await running.stdoutHas("hello".repeat(times));
    await cut(client, server);
    const lostMs = await timed(running.stderrMatches(/"state":"down".*"reason":"dead"/g, times));
    assert(lostMs < boundMs, `${lostMs}`);
    await mend(client, server);
  }
  const { code, stderr } = await running.stop();
  assertEquals(code, 143, stderr);
});

/** Why netem cannot be had here, or null: it is a module of the kernel. */
async function reasonAgainstNetem(): Promise<string | null> {
  try {
    await using network = new Network();
    return await impair(await network.host("try"), "lo");
  } catch {
    return null; // without namespaces networkTest says so
  }
}

/** 5% loss and 50 ms of delay. @returns why not, or null */
async function impair(host: NetHost, device: string): Promise<string | null> {
  const command = ["tc", "-n", host.name, "qdisc", "add", "dev", device, "root", "netem"];
  const { code, stderr } = await run([...command, "delay", "50ms", "loss", "5%"]);
  return code === 0 ? null : `netem: ${stderr.trim()}`;
}

testUnless(
  await reasonAgainstNetem(),
  "with 5% loss and 50 ms delay a healthy peer under load stays alive",
  async () => {
    await using network = new Network();
    const [client, server] = await twoHosts(network);
    await impair(client, "eth0");
    await using echo = server.plumb(
      ["serve", "echo", "tcp://0.0.0.0:7000", "--heartbeat", heartbeat],
    );
    await echo.listening();
    let received = 0;
    await using running = client.plumb(
      ["connect", "tcp://10.77.1.2:7000", "--heartbeat", heartbeat],
      { stdin: new Uint8Array(300_000), onStdout: (chunk) => void (received += chunk.length) },
    );
    const { code, stderr } = await running.result();
    assertEquals([code, received], [0, 300_000], stderr);
  },
);
