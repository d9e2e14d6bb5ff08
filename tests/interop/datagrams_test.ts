/** Datagrams with socat, ncat, nc and dig at the other end. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startDnsServer } from "../support/dns_server.ts";
import { testFolder } from "../support/folder.ts";
import { freeUdpPort, portOf, udpBound, unixBound } from "../support/ports.ts";
import { plumb, run, start, startPlumb } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";

const ask = (text: string) => ({ stdin: { text } });

toolTest("socat", "connect talks to UDP-RECVFROM, which answers from its own socket", async () => {
  const port = freeUdpPort();
  const listen = `UDP-RECVFROM:${port},bind=127.0.0.1,fork`;
  await using _server = start(["socat", listen, "SYSTEM:tr a-z A-Z"]);
  await udpBound(port);
  const { code, stdout } = await plumb(["connect", `udp://127.0.0.1:${port}`], ask("question"));
  assertEquals([code, stdout], [0, "QUESTION"]);
});

toolTest("socat", "listen takes what UDP4-SENDTO sends, and answers it", async () => {
  await using listener = startPlumb(["listen", "udp://127.0.0.1:0"]);
  const [address = ""] = await listener.listening();
  await using peer = start(["socat", "-t", "5", "-", `UDP4-SENDTO:127.0.0.1:${portOf(address)}`]);
  await peer.write("from socat");
  await listener.stdoutHas("from socat");
  await listener.write("to socat");
  await peer.stdoutHas("to socat");
});

toolTest(["socat", "ncat", "nc"], "serve answers many foreign clients at once", async () => {
  await using server = startPlumb(["serve", "upper", "udp://127.0.0.1:0"]);
  const port = portOf((await server.listening())[0] ?? "");
  const clients = [
    ["socat", "-", `UDP4-SENDTO:127.0.0.1:${port}`],
    ["socat", "-", `UDP4-DATAGRAM:127.0.0.1:${port}`],
    ["ncat", "-u", "127.0.0.1", String(port)],
    ["nc", "-u", "127.0.0.1", String(port)],
  ];
  await Promise.all(clients.map(async (command, at) => {
    await using client = start(command);
    await client.write(`question ${at}`);
    await client.stdoutHas(`QUESTION ${at}`);
  }));
});

toolTest(["socat", "ncat"], "connect talks to UDP-LISTEN with fork and to ncat -u -e", async () => {
  const [one, other] = [freeUdpPort(), freeUdpPort()];
  const listen = `UDP-LISTEN:${one},bind=127.0.0.1,fork`;
  await using _socat = start(["socat", "-T", "8", listen, "EXEC:cat"]); // its child outlives it
  await using _ncat = start(["ncat", "-u", "-l", "127.0.0.1", String(other), "-e", "/bin/cat"]);
  await Promise.all([udpBound(one), udpBound(other)]);
  for (const port of [one, other]) {
    const { code, stdout } = await plumb(["connect", `udp://127.0.0.1:${port}`], ask("hello"));
    assertEquals([code, stdout], [0, "hello"]);
  }
});

toolTest("socat", "a group is shared with ip-add-membership, both ways", async () => {
  const port = freeUdpPort();
  const group = "239.77.9.1";
  const there = `udp://${group}:${port}?interface=lo`;
  const receive = `UDP4-RECV:${port},bind=${group},ip-add-membership=${group}:lo,reuseaddr`;
  await using receiver = start(["socat", "-u", receive, "-"]);
  await using listener = startPlumb(["listen", "--gaps", there], { stdin: "null" });
  await listener.listening();
  await udpBound(port);
  await using announcer = startPlumb([
    ...["serve", "announce", there, "--every", "20ms", "--count", "3", "--text", "<n={seq}>"],
  ]);
  assertEquals((await announcer.result()).code, 0);
  await receiver.stdoutHas("<n=1><n=2><n=3>");
  await listener.stdoutHas("<n=1><n=2><n=3>");
  await run(["socat", "-u", "-", `UDP4-DATAGRAM:${group}:${port},ip-multicast-if=127.0.0.1`], {
    ...ask("<socat n=9>"),
  });
  await listener.stdoutHas("<socat n=9>");
});

toolTest(
  ["socat", "nc"],
  "Unix datagrams: named and nameless senders, answers to their paths",
  async () => {
    await using folder = await testFolder();
    const path = folder.file("server");
    await using server = startPlumb(["serve", "-v", "upper", `unixgram:${path}`]);
    await server.listening();
    const own = folder.file("own");
    await using named = start(["socat", "-", `UNIX-SENDTO:${path},bind=${own}`]);
    await named.write("named");
    await named.stdoutHas("NAMED");
    // nc makes a path for itself, so that it can be answered.
    await using nc = start(["nc", "-u", "-U", path]);
    await nc.write("by nc");
    await nc.stdoutHas("BY NC");
    await run(["socat", "-u", "-", `UNIX-SENDTO:${path}`], ask("nobody"));
    await server.stderrLine(/no answer to a sender without an address/);
    const { stderr } = await server.stop();
    assertStringIncludes(stderr, `: unixgram:${own} (pid=`);
    assertStringIncludes(stderr, `) at unixgram:${path}: 5 B in, 5 B out`);
  },
);

toolTest("socat", "connect talks to UNIX-RECVFROM from any name that it is given", async () => {
  await using folder = await testFolder();
  const path = folder.file("server");
  await using _server = start(["socat", `UNIX-RECVFROM:${path},fork`, "SYSTEM:tr a-z A-Z"]);
  await unixBound(path);
  const own = folder.file("own");
  for (const name of ["auto", "temporary", own]) {
    const { code, stdout, stderr } = await plumb(
      ["connect", `unixgram:${path}?bind=${name}`],
      ask("question"),
    );
    assertEquals([code, stdout], [0, "QUESTION"], `${name}: ${stderr}`);
  }
});

toolTest("dig", "dig resolves through a relay, UDP and TCP", async () => {
  const zone = { "a.test": [{ type: "A", address: "192.0.2.7" }] } as const;
  await using server = startDnsServer({ zone });
  for (const scheme of ["udp", "tcp"]) {
    await using relay = startPlumb([
      "relay",
      `listen:${scheme}://127.0.0.1:0`,
      `${scheme}://127.0.0.1:${server.port}`,
    ]);
    const port = portOf((await relay.listening())[0] ?? "");
    const tcp = scheme === "tcp" ? ["+tcp"] : [];
    const digs = Array.from({ length: 5 }, () => {
      return run(["dig", "@127.0.0.1", "-p", String(port), "+short", ...tcp, "a.test", "A"]);
    });
    for (const { stdout } of await Promise.all(digs)) assertEquals(stdout, "192.0.2.7\n");
  }
  assert(server.asked.length >= 10);
  assertMatch(server.asked.map(({ transport }) => transport).join(), /udp.*tcp/);
});
