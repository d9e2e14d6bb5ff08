/**
 * Rows 12 to 22 of "Most wanted" in shared/design/asks.md, as far as they are about connecting
 * again: when, how often, what is sent then, and whose fault it was.
 */

import "../support/libc.ts";
import { assert, assertEquals } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { cpuMs, echoed, nextPeer } from "../support/clients.ts";
import { eventsOf } from "../support/events.ts";
import { testFolder } from "../support/folder.ts";
import { ip, Network, networkTest } from "../support/namespaces.ts";
import { freeTcpPort } from "../support/ports.ts";
import { type RunningProcess, startPlumb } from "../support/process.ts";

/** The connection events that a process has told. */
function told(process: RunningProcess, state: string): Record<string, unknown>[] {
  return eventsOf(process.stderr, "connection").filter((event) => event["state"] === state);
}

/** Starts `connect --json --reconnect` with a short backoff. */
function survivor(address: string, ...flags: string[]): RunningProcess {
  return startPlumb([
    "connect",
    "--json",
    "--reconnect",
    "--backoff=10ms..50ms",
    ...flags,
    address,
  ]);
}

Deno.test("nats.node#531: a connection that went stale without an end is made anew", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const heartbeat = "every=100ms,misses=3,send=PING\\n,expect=^PONG$";
  await using client = survivor(
    `tcp://127.0.0.1:${listener.addr.port}`,
    `--heartbeat=${heartbeat}`,
  );
  // The second one goes stale, too: once found dead does not mean that the next one is not.
  using _first = await nextPeer(listener);
  using _second = await nextPeer(listener);
  using third = await nextPeer(listener);
  await third.write(new TextEncoder().encode("PONG\nhello\n"));
  await client.stdoutHas("hello\n");
  const why = told(client, "down").map(({ reason }) => reason);
  assertEquals(why, ["dead", "dead"], client.stderr);
});

Deno.test("websocat#66: connecting again does not spin: the delays grow, and are kept", async () => {
  const address = `tcp://127.0.0.1:${freeTcpPort()}`;
  const flags = ["--json", "--reconnect", "--backoff=30ms..1s", address];
  await using client = startPlumb(["connect", ...flags]);
  await client.stderrMatches(/"state":"connecting"/g, 1);
  const before = cpuMs(client.pid);
  await client.stderrMatches(/"state":"connecting"/g, 6);
  assert(cpuMs(client.pid) - before < 300);
  const waits = told(client, "waiting").map(({ time, delayMs }) => ({
    beganMs: Date.parse(String(time)),
    delayMs: Number(delayMs),
  }));
  // Anything from the whole of its range: all five near zero are less than one in a million.
  assert(waits.slice(0, 5).reduce((sum, { delayMs }) => sum + delayMs, 0) >= 20);
  const attempts = told(client, "connecting").map(({ time }) => Date.parse(String(time)));
  for (const [at, { beganMs, delayMs }] of waits.slice(0, 5).entries()) {
    // Full jitter: anything up to a bound that doubles.
    assert(delayMs <= 30 * 2 ** at, `${delayMs} ms after failure ${at + 1}`);
    assert((attempts[at + 1] ?? 0) - beganMs >= Math.floor(delayMs) - 1, "too early");
  }
});

Deno.test("frp#3270: the longest delay can be set, by flag and for one end alone", async () => {
  const address = `tcp://127.0.0.1:${freeTcpPort()}`;
  await using flag = startPlumb(
    ["connect", "--json", "--reconnect", "--backoff=20ms..40ms", address],
  );
  await using option = startPlumb(
    ["connect", "--json", "--backoff=24h", `${address}?reconnect&backoff=20ms..40ms`],
  );
  for (const client of [flag, option]) {
    await client.stderrMatches(/"state":"waiting"/g, 10);
    const delays = told(client, "waiting").map(({ delayMs }) => Number(delayMs));
    assert(delays.every((delayMs) => delayMs <= 40), `${delays}`);
  }
});

Deno.test("websocat#304: what a connection begins with is sent again on every connection", async () => {
  await using folder = await testFolder();
  const greeting = folder.file("login");
  await Deno.writeTextFile(greeting, "login\n");
  await using first = startPlumb(["serve", "echo", `127.0.0.1:${freeTcpPort()}`]);
  const [address = ""] = await first.listening();
  await using client = survivor(address, "--on-connect", greeting);
  await client.stdoutMatches(/^login$/gm, 1);
  await client.write("one\n");
  await client.stdoutHas("one\n");
  await first.stop("SIGKILL");
  await client.stderrMatches(/"state":"down"/g, 1);
  await client.write("held\n");
  await using second = startPlumb(["serve", "echo", address]);
  await second.listening();
  await client.stdoutHas("login\nheld\n");
  await client.endInput();
  const { code, stdout } = await client.result();
  assertEquals([code, stdout], [0, "login\none\nlogin\nheld\n"]);
  const states = eventsOf(client.stderr, "connection").map(({ state }) => state);
  assertEquals(states.slice(0, 3), ["connecting", "up", "down"]);
  assertEquals(states.filter((state) => state === "up").length, 2);
  // The greeting is not counted: it is sent again on purpose.
  assertEquals(told(client, "down")[0]?.["bytesHandedOver"], 4);
});

Deno.test("websocat#157: one leg is connected again, and the other never knows", async () => {
  await using first = startPlumb(["serve", "echo", `127.0.0.1:${freeTcpPort()}`]);
  const [behind = ""] = await first.listening();
  await using relay = startPlumb(
    ["relay", "-v", "listen:tcp://127.0.0.1:0", `${behind}?reconnect&backoff=10ms..50ms`],
  );
  await using client = await connect((await relay.listening())[0] ?? "");
  assertEquals(await echoed(client, "before"), "before");
  await first.stop("SIGKILL");
  await relay.stderrMatches(/: down after/g, 1);
  const after = echoed(client, "after");
  await using second = startPlumb(["serve", "echo", behind]);
  await second.listening();
  assertEquals(await after, "after");
  assert(!/^session 1:/m.test(relay.stderr), relay.stderr);
});

networkTest(
  "gost#430: a fault of one's own network is never the peer's, however often",
  async () => {
    await using network = new Network();
    const host = await network.host("blip");
    await ip([`-n ${host.name} addr del 127.0.0.1/8 dev lo`]);
    const address = "tcp://127.0.0.1:7";
    const flags = ["--json", "--reconnect=2", "--backoff=10ms..20ms"];
    await using client = host.plumb(["connect", ...flags, address]);
    // More failures than it would forgive a peer.
    await client.stderrMatches(/"state":"waiting"/g, 4);
    await using server = host.plumb(["serve", "echo", "tcp://[::]:7"]);
    await server.listening();
    await ip([`-n ${host.name} addr add 127.0.0.1/8 dev lo`]);
    await client.stderrMatches(/"state":"up"/g, 1);
    await client.write("here again\n");
    await client.stdoutHas("here again\n");
    const waits = told(client, "waiting");
    assert(
      waits.every(({ blame, failures }) => blame === "local" && failures === 0),
      client.stderr,
    );
  },
);
