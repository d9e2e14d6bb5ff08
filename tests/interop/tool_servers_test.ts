/** `plumb connect` as the client of tools that no one here wrote. */

import { assertEquals } from "@std/assert";
import { type TestFolder, testFolder } from "../support/folder.ts";
import { freeTcpPort, freeUdpPort, tcpListening, udpBound, unixBound } from "../support/ports.ts";
import { plumb, start, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";
import { toolTest } from "../support/tools.ts";

/** A foreign server that is ready to be connected to. */
interface ToolServer {
  readonly name: string;
  readonly command: readonly string[];
  readonly address: string;
  readonly ready: () => Promise<void>;
  readonly input?: () => ReadableStream<Uint8Array>;
  readonly request?: string;
  readonly reply?: string;
}

/** What comes well over a second after the start: the request has ended by then. */
function lateInput(): ReadableStream<Uint8Array> {
  return ReadableStream.from((async function* () {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    yield new TextEncoder().encode("late\n");
  })());
}

/** What each stream server runs: the reply comes a second after the end of the request. */
const late = "cat; sleep 1; echo late";

function tcpServers(): ToolServer[] {
  const port = freeTcpPort();
  const other = freeTcpPort();
  return [
    {
      name: "socat",
      // -t: how long the reply may take after the end of the request; half a second by default.
      command: ["socat", "-t", "5", `TCP-LISTEN:${port},bind=127.0.0.1`, `SYSTEM:${late}`],
      address: `127.0.0.1:${port}`,
      ready: () => tcpListening(port),
    },
    {
      // Not --sh-exec: ncat ends its child's reply together with the client's request.
      name: "ncat",
      command: ["ncat", "-l", "127.0.0.1", String(other), "--send-only"],
      address: `tcp://127.0.0.1:${other}`,
      ready: () => tcpListening(other),
      input: lateInput,
      // It reads nothing, and what lies unread when it closes would reset the connection.
      request: "",
      reply: "late\n",
    },
  ];
}

function unixServer(folder: TestFolder): ToolServer {
  const path = folder.file("socat");
  return {
    name: "socat, unix",
    command: ["socat", "-t", "5", `UNIX-LISTEN:${path}`, `SYSTEM:${late}`],
    address: `unix:${path}`,
    ready: () => unixBound(path),
  };
}

toolTest(
  ["socat", "ncat"],
  "connect prints the whole reply, also what comes a second after the request ended",
  async () => {
    await using folder = await testFolder();
    const servers = [...tcpServers(), unixServer(folder)];
    await together(servers.map(async (server) => {
      const { name, command, address, ready, input, request = "x", reply = "xlate\n" } = server;
      await using _server = start(command, { stdin: input?.() ?? "null" });
      await ready();
      const stdin = { text: request };
      const { code, stdout, stderr } = await plumb(["connect", address], { stdin });
      assertEquals([name, code, stdout, stderr], [name, 0, reply, ""]);
    }));
  },
);

toolTest("ncat", "connect gets all of ncat -e cat back", async () => {
  const port = freeTcpPort();
  await using _server = start(["ncat", "-l", "127.0.0.1", `${port}`, "-e", "/bin/cat"]);
  await tcpListening(port);
  const text = "0123456789abcde\n".repeat(4096);
  await using client = startPlumb(["connect", `:${port}`]);
  await client.write(text);
  // Before the end of input: ncat throws away what its child says after it.
  await client.stdoutHas(text);
  await client.endInput();
  const { code, stdout } = await client.result();
  assertEquals([code, stdout === text], [0, true]);
});

toolTest(
  ["nc", "ncat"],
  "connect talks both ways with tools that are open at both ends",
  async () => {
    await using folder = await testFolder();
    const port = freeTcpPort();
    const [path, ncat] = [folder.file("nc"), folder.file("ncat")];
    const servers: ToolServer[] = [
      {
        name: "tcp",
        command: ["nc", "-l", "127.0.0.1", `${port}`],
        address: `127.0.0.1:${port}`,
        ready: () => tcpListening(port),
      },
      {
        name: "unix",
        command: ["nc", "-lU", path],
        address: `unix:${path}`,
        ready: () => unixBound(path),
      },
      {
        // With --sh-exec, ncat loses over a Unix socket what its child says after the client's end.
        name: "ncat, unix",
        command: ["ncat", "-lU", ncat],
        address: `unix:${ncat}`,
        ready: () => unixBound(ncat),
      },
    ];
    await together(servers.map(async ({ name, command, address, ready }) => {
      await using server = start(command);
      await ready();
      await using client = startPlumb(["connect", address]);
      await client.write("question\n");
      await server.stdoutLine(/^question$/);
      await server.write("answer\n");
      await client.stdoutLine(/^answer$/);
      // Both end at their peer's end, whatever they still could say.
      await client.endInput();
      assertEquals((await server.result()).stdout, "question\n", name);
      assertEquals((await client.result()).code, 0, name);
    }));
  },
);

toolTest(
  "ncat",
  "connect ends when a send-only server has ended, and keeps all it sent",
  async () => {
    const port = freeTcpPort();
    const text = "line\n".repeat(20_000);
    await using server = start(["ncat", "-l", "127.0.0.1", `${port}`, "--send-only"], {
      stdin: { text },
    });
    await tcpListening(port);
    const { code, stdout } = await plumb(["connect", `:${port}`]);
    assertEquals([code, stdout === text], [0, true]);
    assertEquals((await server.result()).code, 0);
  },
);

toolTest("ncat", "connect gives a receive-only server everything and ends", async () => {
  const port = freeTcpPort();
  const text = "line\n".repeat(20_000);
  await using server = start(["ncat", "-l", "127.0.0.1", `${port}`, "--recv-only"]);
  await tcpListening(port);
  const { code, stdout } = await plumb(["connect", `:${port}`], { stdin: { text } });
  assertEquals([code, stdout], [0, ""]);
  assertEquals((await server.result()).stdout === text, true);
});

toolTest(["socat", "ncat", "nc"], "connect udp:// gets the reply of each tool", async () => {
  const [a, b, c] = [freeUdpPort(), freeUdpPort(), freeUdpPort()];
  const servers: (ToolServer & { readonly text?: string })[] = [
    {
      name: "socat",
      command: ["socat", `UDP-LISTEN:${a},bind=127.0.0.1`, "SYSTEM:sleep 0.2; cat"],
      address: `udp://127.0.0.1:${a}`,
      ready: () => udpBound(a),
    },
    {
      name: "ncat",
      command: ["ncat", "-u", "-l", "127.0.0.1", `${b}`, "-e", "/bin/cat"],
      address: `udp://127.0.0.1:${b}`,
      ready: () => udpBound(b),
    },
    {
      name: "nc",
      command: ["nc", "-u", "-l", "127.0.0.1", `${c}`],
      address: `udp://127.0.0.1:${c}`,
      ready: () => udpBound(c),
      text: "x\n",
    },
  ];
  await together(servers.map(async ({ name, command, address, ready, text }) => {
    await using _server = start(command, text === undefined ? {} : { stdin: { text } });
    await ready();
    const { code, stdout } = await plumb(["connect", address], { stdin: { text: "x\n" } });
    assertEquals([name, code, stdout], [name, 0, "x\n"]);
  }));
});
