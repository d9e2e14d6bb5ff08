/**
 * Connections that survive, with real processes on both sides.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { eventsOf } from "../support/events.ts";
import { freeTcpPort } from "../support/ports.ts";
import { plumb, startPlumb } from "../support/process.ts";

Deno.test("connect --reconnect=N: exit 3 where it never connected, 4 where it was connected", async () => {
  await using server = startPlumb(["serve", "echo", `127.0.0.1:${freeTcpPort()}`]);
  const [address = ""] = await server.listening();
  await using client = startPlumb([
    "connect",
    "-v",
    "--reconnect=2",
    "--backoff=20ms",
    address,
  ]);
  await client.write("hello");
  await client.stdoutHas("hello");
  await server.stop("SIGKILL");
  const lost = await client.result();
  assertEquals(lost.code, 4);
  const [down] = /^.*: down after.*$/m.exec(lost.stderr) ?? [""];
  assert(down.includes("5 bytes were handed over and are not sent again"), lost.stderr);
  assert(/^plumb: connect tcp:.*gave up after 2 attempts: /m.test(lost.stderr), lost.stderr);

  const never = await plumb(["connect", "--reconnect=2", "--backoff=20ms", address]);
  assertEquals(never.code, 3);
  const message = "gave up after 2 attempts: connection refused (ECONNREFUSED)";
  assertEquals(never.stderr, `plumb: connect ${address}: ${message}\n`);
});

Deno.test("connect --reconnect: SIGUSR2 says where it is, SIGHUP ends the wait", async () => {
  const address = `tcp://127.0.0.1:${freeTcpPort()}`;
  // Not over within a test (but for one in a million): only the signal can end this wait.
  await using client = startPlumb(["connect", "--json", "--reconnect", "--backoff=24h", address]);
  await client.stderrMatches(/"state":"waiting"/g, 1);
  client.signal("SIGUSR2");
  await client.stderrMatches(/"event":"tally"/g, 1);
  const [tally] = eventsOf(client.stderr, "tally");
  const { nextMs, ...counts } = tally?.["connections"] as Record<string, number>;
  assertEquals(counts, { up: 0, connecting: 0, waiting: 1 });
  assert(Number(nextMs) > 0 && Number(nextMs) <= 86_400_000);
  await using server = startPlumb(["serve", "echo", address]);
  await server.listening();
  client.signal("SIGHUP");
  await client.stderrMatches(/"state":"up"/g, 1);
  await client.write("x");
  await client.stdoutHas("x");
  client.signal("SIGUSR2");
  await client.stderrMatches(/"event":"tally"/g, 2);
  assertEquals((eventsOf(client.stderr, "tally")[1]?.["connections"] as { up: number }).up, 1);
  assertEquals((await client.stop("SIGTERM")).code, 143);
});

Deno.test("relay --reconnect: SIGHUP reaches the processes of a model too", async () => {
  const address = `tcp://127.0.0.1:${freeTcpPort()}`;
  const behind = `${address}?reconnect&backoff=24h`;
  await using relay = startPlumb([
    ...["relay", "--json", "--model", "prefork=1"],
    ...["listen:tcp://127.0.0.1:0", behind],
  ]);
  const [, front = ""] = await relay.stderrLine(/"event":"listening".*"address":"([^"]+)"/);
  await using client = startPlumb(["connect", front]);
  await relay.stderrMatches(/"state":"waiting"/g, 1);
  await using server = startPlumb(["serve", "echo", address]);
  await server.listening();
  relay.signal("SIGHUP");
  await client.write("x");
  await client.stdoutHas("x");
  await client.endInput();
  assertEquals((await client.result()).code, 0);
  assertEquals((await relay.stop()).code, 0);
});

Deno.test("relay --reconnect: the flag is a default of every leg, and an address may take it back", async () => {
  const plan = async (...args: string[]) => {
    const { stdout, stderr } = await plumb(["relay", "--plan", "--json", ...args]);
    assertEquals(stderr, "");
    return JSON.parse(stdout).endpoints as { address: string; options: { source: string }[] }[];
  };
  const [a, b] = await plan(
    "--reconnect=3",
    "--backoff=1s..9s",
    "tcp://h:1?reconnect=no",
    "tcp://h:2",
  );
  assertEquals(a?.address, "tcp://h:1?reconnect=no");
  assertEquals(b?.address, "tcp://h:2?reconnect=3&backoff=1s..9s");
  assertEquals(b?.options.map(({ source }) => source), ["flag", "flag"]);
  const wrong = await plumb(["relay", "--reconnect", "listen:tcp://:1", "listen:tcp://:2"]);
  assertEquals(wrong.code, 2);
  const none = await plumb([
    "relay",
    "--plan",
    "--while-down=drop",
    "listen:tcp://:1",
    "tcp://h:2",
  ]);
  assertEquals([none.code, none.stderr], [2, "plumb: relay: --while-down goes with --reconnect\n"]);
});

Deno.test("connect --confirm: 0 once all is acknowledged, 4 where it is not, 2 where nobody can tell", async () => {
  await using sink = startPlumb(["serve", "discard", "127.0.0.1:0"]);
  const [address = ""] = await sink.listening();
  const stdin = new Uint8Array(3_000_000);
  assertEquals((await plumb(["connect", "--confirm", address], { stdin })).code, 0);
  const name = `plumb-${crypto.randomUUID()}`;
  const listener = Deno.listen({ transport: "unix", path: `\0${name}` });
  const flags = ["--confirm=100ms", "--until-quiet=50ms"];
  const running = plumb(["connect", ...flags, `unix:@${name}`], { stdin: { text: "never read" } });
  const peer = await listener.accept();
  const { code, stderr } = await running;
  assertEquals(code, 4);
  assert(stderr.includes("not all that was sent was acknowledged within 100 ms"), stderr);
  peer.close();
  listener.close();
  const datagrams = await plumb(["connect", "--confirm", "udp://127.0.0.1:9"]);
  assertEquals(datagrams.code, 2);
  assert(datagrams.stderr.includes("nobody acknowledges what is sent to udp"), datagrams.stderr);
});
