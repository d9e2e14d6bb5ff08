/** `plumb relay` between clients and servers that no one here wrote. */

import { assertEquals } from "@std/assert";
import { Digest, digestOf } from "../support/digest.ts";
import { testFolder } from "../support/folder.ts";
import {
  freeTcpPort,
  freeUdpPort,
  portOf,
  tcpListening,
  udpBound,
  unixBound,
} from "../support/ports.ts";
import { run, start, startPlumb } from "../support/process.ts";
import { randomBytes } from "../support/random.ts";
import { together } from "../support/together.ts";
import { toolTest } from "../support/tools.ts";

/** Starts a relay from a TCP port of its own to `b`. */
async function relayTo(b: string, ...flags: string[]) {
  const relay = startPlumb(["relay", ...flags, "listen:tcp://127.0.0.1:0", b]);
  const [front = ""] = await relay.listening();
  return { relay, port: portOf(front) };
}

toolTest(
  ["socat", "ncat", "nc"],
  "relay joins every client with every server, half-close kept",
  async () => {
    await using folder = await testFolder();
    const port = freeTcpPort();
    const path = folder.file("server");
    const shell = "SYSTEM:cat; echo end";
    await using _tcp = start(["socat", "-t5", `TCP-LISTEN:${port},bind=127.0.0.1,fork`, shell]);
    await using _unix = start(["socat", "-t5", `UNIX-LISTEN:${path},fork`, shell]);
    await together([tcpListening(port), unixBound(path)]);
    const relays = await together(
      [`tcp://127.0.0.1:${port}`, `unix:${path}`, `sh:cat; echo end`].map((b) => relayTo(b)),
    );
    for (const { relay, port } of relays) {
      await using _relay = relay;
      const clients = [
        ["socat", "-t5", "-", `TCP:127.0.0.1:${port}`],
        ["ncat", "127.0.0.1", `${port}`],
        ["nc", "-N", "127.0.0.1", `${port}`],
      ];
      await together(clients.map(async (command) => {
        const { stdout } = await run(command, { stdin: { text: "request\n" } });
        assertEquals([command, stdout], [command, "request\nend\n"]);
      }));
      assertEquals((await relay.stop()).code, 0);
    }
  },
);

toolTest(["socat", "ncat"], "relay serves Unix clients of a TCP server", async () => {
  await using folder = await testFolder();
  const port = freeTcpPort();
  const path = folder.file("front");
  await using _server = start(["socat", "-t5", `TCP-LISTEN:${port},fork`, "SYSTEM:cat; echo end"]);
  await tcpListening(port);
  await using relay = startPlumb(["relay", `listen:unix:${path}`, `:${port}`]);
  await relay.listening();
  for (const command of [["socat", "-t5", "-", `UNIX:${path}`], ["ncat", "-U", path]]) {
    const { stdout } = await run(command, { stdin: { text: "request\n" } });
    assertEquals([command, stdout], [command, "request\nend\n"]);
  }
});

toolTest(["socat", "ncat", "nc"], "relay udp to udp keeps the peers apart", async () => {
  const port = freeUdpPort();
  // One child for each peer of the relay: it answers with what it is asked, once. -T: the children
  // outlive their parent, and end by themselves.
  const listen = `UDP-LISTEN:${port},bind=127.0.0.1,fork`;
  await using _server = start(["socat", "-T", "8", listen, "EXEC:cat"]);
  await udpBound(port);
  await using relay = startPlumb(["relay", "listen:udp://127.0.0.1:0", `udp://127.0.0.1:${port}`]);
  const [front = ""] = await relay.listening();
  const to = `${portOf(front)}`;
  const clients = [
    ["socat", "-", `UDP:127.0.0.1:${to}`],
    ["ncat", "-u", "127.0.0.1", to],
    ["nc", "-u", "127.0.0.1", to],
  ];
  await using stack = new AsyncDisposableStack();
  const running = clients.map((command) => stack.use(start(command)));
  // One after another: until its child has connected, socat hands it the datagrams of others too.
  for (const [at, client] of running.entries()) {
    await client.write(`first ${at}\n`);
    await client.stdoutHas(`first ${at}\n`);
  }
  await together(running.map(async (client, at) => {
    await client.write(`second ${at}\n`);
    await client.stdoutHas(`second ${at}\n`);
    assertEquals(client.stdout, `first ${at}\nsecond ${at}\n`);
  }));
  assertEquals((await relay.stop()).code, 0);
});

toolTest("ncat", "relay - to a tool's server is connect", async () => {
  const port = freeTcpPort();
  await using server = start(["ncat", "-l", "127.0.0.1", `${port}`]);
  await tcpListening(port);
  await using client = startPlumb(["relay", "-", `:${port}`]);
  await client.write("question\n");
  await server.stdoutHas("question\n");
  await server.write("answer\n");
  await client.stdoutHas("answer\n");
  await client.endInput();
  assertEquals([(await client.result()).code, (await server.result()).stdout], [0, "question\n"]);
});

toolTest("ncat", "relay from a passive end to - serves one peer, half-closed by it", async () => {
  await using relay = startPlumb(["relay", "listen:tcp://127.0.0.1:0", "-"]);
  const [front = ""] = await relay.listening();
  await using client = start(["ncat", "127.0.0.1", `${portOf(front)}`]);
  await client.write("question\n");
  await client.endInput();
  await relay.stdoutHas("question\n");
  await relay.write("answer\n");
  await relay.endInput();
  assertEquals((await client.result()).stdout, "answer\n");
  assertEquals((await relay.result()).code, 0);
});

const mebibyte = 1024 * 1024;

/** A digest of so many bytes that is there once they all are, and not only at the end. */
function digestOfFirst(bytes: number) {
  const digest = new Digest();
  const { promise, resolve } = Promise.withResolvers<string>();
  const add = (chunk: Uint8Array) => {
    digest.add(chunk);
    if (digest.bytes >= bytes) resolve(digest.finish());
  };
  return { add, whole: promise };
}

for (const tool of ["socat", "ncat"] as const) {
  toolTest(tool, `relay loses nothing of 1 MiB both ways at once between two ${tool}`, async () => {
    const port = freeTcpPort();
    const atServer = digestOfFirst(mebibyte);
    const atClient = digestOfFirst(mebibyte);
    const listening = tool === "socat"
      ? ["socat", `TCP-LISTEN:${port},bind=127.0.0.1`, "-"]
      : ["ncat", "-l", "127.0.0.1", `${port}`];
    await using server = start(listening, { onStdout: atServer.add });
    await tcpListening(port);
    const { relay, port: front } = await relayTo(`:${port}`, "-v");
    await using _relay = relay;
    const connecting = tool === "socat"
      ? ["socat", "-", `TCP:127.0.0.1:${front}`]
      : ["ncat", "127.0.0.1", `${front}`];
    await using client = start(connecting, { onStdout: atClient.add });
    const [up, down] = [randomBytes(mebibyte, 1), randomBytes(mebibyte, 2)];
    await together([client.write(up), server.write(down)]);
    assertEquals([await atServer.whole, await atClient.whole], [digestOf(up), digestOf(down)]);
    await client.endInput();
    await server.endInput();
    await relay.stderrLine(/^session \d+: .*1048576 B in, 1048576 B out, .*(peer|local)-end/);
    assertEquals((await relay.stop()).code, 0);
  });
}

toolTest("curl", "curl gets pages through a relay, over TCP and over a Unix socket", async () => {
  await using folder = await testFolder();
  const page = "page ".repeat(50_000);
  await using web = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { pathname } = new URL(request.url);
      return new Response(request.method === "POST" ? request.body : `${pathname} ${page}`);
    },
  );
  const path = folder.file("web");
  const { relay, port } = await relayTo(`:${web.addr.port}`);
  await using _relay = relay;
  await using front = startPlumb(["relay", `listen:unix:${path}`, `:${web.addr.port}`]);
  await front.listening();
  const curl = ["curl", "-sS", "-m", "10"];
  const tcp = await run([...curl, `http://127.0.0.1:${port}/a`, `http://127.0.0.1:${port}/b`]);
  assertEquals([tcp.code, tcp.stdout === `/a ${page}/b ${page}`], [0, true]);
  const unix = await run([...curl, "--unix-socket", path, "http://web/c"]);
  assertEquals([unix.code, unix.stdout === `/c ${page}`], [0, true]);
  const url = `http://127.0.0.1:${port}/`;
  const post = await run([...curl, "--data-binary", "@-", url], { stdin: { text: page } });
  assertEquals([post.code, post.stdout === page], [0, true]);
  assertEquals((await relay.stop()).code, 0);
});
