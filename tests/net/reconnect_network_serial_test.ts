/**
 * Connections that survive what happens to the machine's own network, in namespaces.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ip, Network, networkTest } from "../support/namespaces.ts";

/** The states that were told so far, with whom each blames. */
function states(stderr: string): string[] {
  return stderr.split("\n").filter((line) => line.startsWith('{"event":"connection"'))
    .map((line) => JSON.parse(line))
    .map(({ state, blame }) => blame === undefined ? state : `${state} (${blame})`);
}

networkTest(
  "no route is this machine's fault: not counted, and over as soon as there is one",
  async () => {
    await using network = new Network();
    const [client, server] = [await network.host("client"), await network.host("server")];
    await using echo = server.plumb(["serve", "echo", "tcp://0.0.0.0:7000"]);
    await echo.listening();
    const flags = ["--json", "--reconnect=2", "--backoff=20ms", "tcp://10.77.1.2:7000"];
    await using running = client.plumb(["connect", ...flags]);
    // More of them than would be allowed if they counted.
    await running.stderrMatches(/"state":"waiting"/g, 4);
    await network.join([client, server]);
    await running.stderrMatches(/"state":"up"/g, 1);
    await running.write("hello");
    await running.stdoutHas("hello");
    await running.endInput();
    const { code, stderr } = await running.result();
    assertEquals(code, 0);
    const waits = states(stderr).filter((state) => state.startsWith("waiting"));
    assertEquals([...new Set(waits)], ["waiting (local)"]);
  },
);

networkTest("when the network changes, nobody waits for the backoff to end", async () => {
  await using network = new Network();
  const [client, server] = [await network.host("client"), await network.host("server")];
  await network.join([client, server]);
  // Somebody else's fault, as far as this machine knows (EHOSTUNREACH): it counts, and waits long.
  await ip([`-n ${client.name} route add unreachable 10.77.1.2/32`]);
  await using echo = server.plumb(["serve", "echo", "tcp://0.0.0.0:7000"]);
  await echo.listening();
  const flags = ["--json", "--reconnect", "--backoff=24h", "tcp://10.77.1.2:7000"];
  await using running = client.plumb(["connect", ...flags]);
  await running.stderrMatches(/"state":"waiting"/g, 1);
  await ip([
    `-n ${client.name} route del unreachable 10.77.1.2/32`,
    `-n ${client.name} addr add 10.77.1.9/24 dev eth0`,
  ]);
  await running.stderrMatches(/"state":"up"/g, 1);
  assertEquals((await running.stop()).code, 143);
});

networkTest("the interface goes down and up: the connection is lost and made again", async () => {
  await using network = new Network();
  const [client, server] = [await network.host("client"), await network.host("server")];
  await network.join([client, server]);
  await using echo = server.plumb(["serve", "echo", "tcp://0.0.0.0:7000"]);
  await echo.listening();
  // What is sent and not acknowledged for so long ends the connection (TCP_USER_TIMEOUT).
  const address = "tcp://10.77.1.2:7000?user-timeout=300ms&reconnect&backoff=50ms";
  await using running = client.plumb(["connect", "--json", address]);
  await running.write("one");
  await running.stdoutHas("one");
  await ip([`-n ${client.name} link set eth0 down`]);
  await running.write("lost");
  await running.stderrMatches(/"state":"down"/g, 1);
  await running.stderrMatches(/"blame":"local"/g, 2);
  await running.write("held");
  await ip([`-n ${client.name} link set eth0 up`]);
  await running.stderrMatches(/"state":"up"/g, 2);
  await running.stdoutHas("held");
  await running.endInput();
  const { code, stdout } = await running.result();
  assertEquals(code, 0);
  assert(stdout === "oneheld", stdout); // what was handed over is never sent again
});

networkTest(
  "a peer that vanishes is noticed by heartbeat and dialled again, each time",
  async () => {
    await using network = new Network();
    const [client, server] = [await network.host("client"), await network.host("server")];
    await network.join([client, server]);
    // A fixed neighbour: otherwise ARP decides how long each attempt takes.
    const mac = "02:00:00:00:00:02";
    await ip([
      `-n ${server.name} link set eth0 address ${mac}`,
      `-n ${client.name} neigh add 10.77.1.2 lladdr ${mac} dev eth0`,
    ]);
    const heartbeat = ["--heartbeat", "every=200ms,misses=4"];
    await using echo = server.plumb(["serve", "echo", ...heartbeat, "tcp://0.0.0.0:7000"]);
    await echo.listening();
    const flags = ["--json", "--reconnect", "--backoff=50ms", "--timeout=200ms", ...heartbeat];
    await using running = client.plumb(["connect", ...flags, "tcp://10.77.1.2:7000"]);
    for (const [round, word] of ["one ", "two ", "three "].entries()) {
      await running.stderrMatches(/"state":"up"/g, round + 1);
      await running.write(word);
      await running.stdoutHas(word);
      if (round === 2) break;
      await ip([`-n ${server.name} link set eth0 down`]);
      await running.stderrMatches(/"state":"down"[^\n]*"reason":"dead"/g, round + 1);
      await ip([`-n ${server.name} link set eth0 up`]);
    }
    await running.endInput();
    const { code, stdout } = await running.result();
    assertEquals([code, stdout], [0, "one two three "]);
  },
);
