/**
 * Rows 10 to 20 of "Most wanted" in shared/design/asks.md, as far as they are about peers that are
 * dead and do not say so, and about what they hold.
 */

import "../support/libc.ts";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { listen } from "../../lib/api/listen.ts";
import { converse, echoed, nextText, wholeAnswer } from "../support/clients.ts";
import { settle } from "../support/descriptors.ts";
import { keyFolder } from "../support/key_folder.ts";
import { freeTcpPort, portOf, tcpListening } from "../support/ports.ts";
import { run, type RunningProcess, start, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";
import { toolTest } from "../support/tools.ts";
import { within } from "../support/within.ts";

const loopback = "tcp://127.0.0.1:0";
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The address of a reverse forward, once it listens. */
async function atTheOtherSide(client: RunningProcess): Promise<string> {
  return (await client.stderrLine(/^listening on (\S+) at the other side$/))[1] ?? "";
}

// A client that froze has a connection that looks open to everybody for as long as it lasts.
for (
  const [ask, fate, signal] of [
    ["chisel#445", "frozen", "SIGSTOP"],
    ["bore#147", "killed", "SIGKILL"],
  ] as const
) {
  Deno.test(`${ask}: the port of a ${fate} client is at once that of the same client, begun anew`, async () => {
    await using folder = await keyFolder();
    const security = ["--key-file", folder.key];
    const permits = ["--permit", "listen:tcp://127.0.0.1:*"];
    await using server = startPlumb(["link", `listen:${loopback}`, ...security, ...permits]);
    const [carrier = ""] = await server.listening();
    const reverse = `listen:tcp://127.0.0.1:${freeTcpPort()}=exec:tr a-z A-Z`;
    const client = ["link", carrier, ...security, "--reverse", reverse];
    await using first = startPlumb(client);
    await atTheOtherSide(first);
    first.signal(signal);
    await using second = startPlumb(client);
    assertEquals(await converse(await atTheOtherSide(second), "again"), "AGAIN");
    assertEquals([server, second].map(({ stderr }) => /in use/.test(stderr)), [false, false]);
  });
}

Deno.test("chisel#560: either side finds the other dead within its bound, and says so", async () => {
  const heartbeat = ["--heartbeat", "every=150ms,misses=3"];
  await together(["client", "server"].map(async (frozen) => {
    await using server = startPlumb(["serve", "echo", "-v", ...heartbeat, loopback]);
    const [address = ""] = await server.listening();
    await using client = startPlumb(["connect", ...heartbeat, address]);
    await client.write("x");
    await client.stdoutHas("x");
    (frozen === "client" ? client : server).signal("SIGSTOP");
    if (frozen === "client") {
      await server.stderrLine(/^session 1: .*, dead \(.*no sign of life for 450 ms/);
    } else {
      const { code, stderr } = await client.result();
      assertEquals(code, 4);
      assertMatch(stderr, /^plumb: .*no sign of life for 450 ms \(3 missed, every 150 ms\)$/m);
    }
  }));
});

toolTest("ss", "rathole#401: clients that come and go leave no socket in CLOSE_WAIT", async () => {
  await using echo = startPlumb(["serve", "echo", loopback]);
  const [behind = ""] = await echo.listening();
  await using relay = startPlumb(["relay", `listen:${loopback}`, behind]);
  const [front = ""] = await relay.listening();
  const idle = await settle(relay.pid, ({ sockets }) => sockets > 0);
  await together(Array.from({ length: 60 }, async (_, at) => {
    if (at % 3 === 0) return void assertEquals(await converse(front, "whole"), "whole");
    await using client = await connect(front);
    if (at % 3 === 1) assertEquals(await echoed(client), "x");
    else client.abort();
  }));
  await settle(relay.pid, ({ sockets }) => sockets === idle.sockets);
  const ports = [front, behind].flatMap((address) => {
    const port = `:${portOf(address)}`;
    return ["or", "sport", "=", port, "or", "dport", "=", port];
  });
  const { stdout } = await run(["ss", "-tnH", "state", "close-wait", "(", ...ports.slice(1), ")"]);
  assertEquals(stdout, "");
});

Deno.test("rathole#160: after the server was restarted, forwards both ways go on", async () => {
  await using folder = await keyFolder();
  const security = ["--key-file", folder.key];
  const target = "exec:stdbuf -oL tr a-z A-Z";
  const words = [
    ...["link", `listen:tcp://127.0.0.1:${freeTcpPort()}`, ...security],
    ...["--permit", target, "--permit", "listen:tcp://127.0.0.1:*"],
  ];
  await using first = startPlumb(words);
  const [carrier = ""] = await first.listening();
  await using client = startPlumb([
    ...["link", carrier, ...security, "--backoff", "50ms..100ms"],
    ...["--forward", `listen:${loopback}=${target}`],
    ...["--reverse", `listen:tcp://127.0.0.1:${freeTcpPort()}=${target}`],
  ]);
  const [forward = ""] = await client.listening();
  const reverse = await atTheOtherSide(client);
  await using held = await connect(forward);
  assertEquals(await echoed(held, "held\n"), "HELD\n");
  await first.stop("SIGKILL");
  await client.stderrLine(/^link .*: down: .*; the session goes on$/);
  await using second = startPlumb(words);
  await second.listening();
  await client.stderrLine(/the server does not know this session any more: it was restarted$/);
  // What was open is lost, and told so: a reset and not an end.
  await assertRejects(() => nextText(held), Error, "ECONNRESET");
  assertEquals(await converse(forward, "goes on"), "GOES ON");
  await client.stderrMatches(/^listening on \S+ at the other side$/gm, 2);
  assertEquals(await converse(reverse, "too"), "TOO");
});

toolTest(
  "nc",
  "iperf#225: a client that stands still in the middle holds up nobody else",
  async () => {
    await using server = startPlumb(["serve", "chargen", loopback]);
    const [address = ""] = await server.listening();
    await using frozen = startPlumb(["connect", address]);
    await frozen.stdoutHas("!");
    frozen.signal("SIGSTOP");
    await pause(100); // its window is closed by then
    const { code, stdout } = await run([
      "sh",
      "-c",
      `nc 127.0.0.1 ${portOf(address)} | head -c 1000000`,
    ]);
    assertEquals([code, stdout.length], [0, 1_000_000]);
  },
);

Deno.test("websocat#257: a peer whose answer waits behind data that it takes slowly is not dead", async () => {
  await using listening = await listen(`${loopback}?rcvbuf=8KiB`);
  const bound = ["--heartbeat", "every=100ms,misses=5,send=PING\\n,expect=^PONG$"];
  const text = "data\n".repeat(60_000);
  await using client = startPlumb(["connect", ...bound, listening.addresses[0]?.text ?? ""], {
    stdin: { text },
  });
  await using peer = await within(listening.accept(), () => "nobody connects") ?? undefined;
  if (peer === undefined) throw new Error("nobody came");
  let heard = "";
  // Twice as long and more as silence may last; the questions stand behind all that data.
  for (const endMs = performance.now() + 1_200; performance.now() < endMs;) {
    heard += await nextText(peer, 8 * 1024) ?? "";
    await pause(50);
  }
  await peer.write(new TextEncoder().encode("PONG\n"));
  heard += new TextDecoder().decode(await wholeAnswer(peer));
  await peer.closeWrite();
  const { code, stderr } = await client.result();
  assertEquals([code, stderr], [0, ""]);
  assertEquals(heard.replaceAll("PING\n", "") === text, true);
});

toolTest("socat", "websocat#80: a peer that is no plumb is asked in its own words", async () => {
  const port = freeTcpPort();
  const answering = `while read -r line; do case "$line" in ` +
    `PING*) echo PONG;; *) echo "$line" | tr a-z A-Z;; esac; done`;
  await using server = start(
    ["socat", `TCP-LISTEN:${port},bind=127.0.0.1`, `SYSTEM:${answering}`],
  );
  await tcpListening(port);
  const heartbeat = "every=100ms,misses=15,send=PING\\r\\n,expect=^PONG";
  await using client = startPlumb(
    ["connect", `tcp://127.0.0.1:${port}`, "--heartbeat", heartbeat],
  );
  await client.write("one\n");
  await client.stdoutHas("ONE\n");
  await pause(400);
  await client.write("two\n");
  await client.stdoutHas("TWO\n");
  await client.endInput();
  const { code, stdout } = await client.result();
  assertEquals([code, stdout], [0, "ONE\nTWO\n"]);
  await server.result();
});

Deno.test("wscat#120: how often to ask and when to try again are said of the connection itself", async () => {
  const beat = "every=100ms,misses=4";
  const server = ["serve", "echo", "--heartbeat", beat];
  await using first = startPlumb([...server, `127.0.0.1:${freeTcpPort()}`]);
  const [address = ""] = await first.listening();
  const lasting = `${address}?heartbeat=${beat}&reconnect&backoff=10ms..50ms`;
  await using client = startPlumb(["connect", "-v", lasting]);
  await client.write("one\n");
  await client.stdoutHas("one\n");
  first.signal("SIGSTOP");
  await client.stderrMatches(/: down after .*no sign of life for 400 ms/g, 1);
  await first.stop("SIGKILL");
  await using second = startPlumb([...server, address]);
  await second.listening();
  await client.write("two\n");
  await client.stdoutHas("two\n");
  await client.endInput();
  assertEquals((await client.result()).code, 0);
});
