/** `plumb serve` and `plumb listen` with clients that no one here wrote. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type TestFolder, testFolder } from "../support/folder.ts";
import { portOf } from "../support/ports.ts";
import { type ProcessResult, run, start, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";
import { toolTest } from "../support/tools.ts";

type Command = readonly string[];

/** Clients of a stream; each ends its input after the request, and waits for the whole reply. */
function streamClients(port: number, path: string): readonly Command[] {
  return [
    ["socat", "-t", "5", "-", `TCP:127.0.0.1:${port}`],
    ["ncat", "127.0.0.1", `${port}`],
    ["nc", "-N", "127.0.0.1", `${port}`],
    ["socat", "-t", "5", "-", `UNIX-CONNECT:${path}`],
    ["ncat", "-U", path],
    ["nc", "-N", "-U", path],
  ];
}

/** Clients of datagrams; their input stays open, because ncat -u loses replies at its end. */
function datagramClients(port: number): readonly Command[] {
  return [
    ["socat", "-", `UDP:127.0.0.1:${port}`],
    ["ncat", "-u", "127.0.0.1", `${port}`],
    ["nc", "-u", "127.0.0.1", `${port}`],
  ];
}

/** A service on TCP, a Unix socket and UDP at once. */
async function serving(service: string, folder: TestFolder) {
  const path = folder.file("stream");
  const addresses = ["127.0.0.1:0", `unix:${path}`, "udp://127.0.0.1:0"];
  const server = startPlumb(["serve", service, ...addresses]);
  const [tcp = "", , udp = ""] = await server.listening(3);
  return { server, path, tcpPort: portOf(tcp), udpPort: portOf(udp) };
}

async function ask(command: Command, text: string): Promise<ProcessResult> {
  return await run(command, { stdin: { text } });
}

/** What each datagram client gets for one message: as much as is expected, as soon as it is there. */
async function tell(port: number, text: string, length: number): Promise<string[]> {
  return await together(
    datagramClients(port).map(async (command) => {
      await using client = start(command);
      await client.write(text);
      await client.stdoutMatches(/[^]/g, length);
      return client.stdout;
    }),
  );
}

/** What comes for one message within a time that is long on loopback. */
async function silence(port: number, text: string): Promise<string> {
  return (await ask(["socat", "-t", "0.3", "-", `UDP:127.0.0.1:${port}`], text)).stdout;
}

const tools = ["socat", "ncat", "nc"];

for (const [service, reply] of [["echo", "one Two\n"], ["upper", "ONE TWO\n"]] as const) {
  toolTest(tools, `serve ${service} answers socat, ncat and nc on every transport`, async () => {
    await using folder = await testFolder();
    const { server, path, tcpPort, udpPort } = await serving(service, folder);
    await using _server = server;
    await together(
      streamClients(tcpPort, path).map(async (command) => {
        assertEquals([command, (await ask(command, "one Two\n")).stdout], [command, reply]);
      }),
    );
    assertEquals(await tell(udpPort, "one Two\n", reply.length), [reply, reply, reply]);
    const { code, stderr } = await server.stop();
    assertEquals([code, stderr.includes("plumb:")], [0, false]);
  });
}

toolTest(tools, "serve discard takes all and says nothing", async () => {
  await using folder = await testFolder();
  const { server, path, tcpPort, udpPort } = await serving("discard", folder);
  await using _server = server;
  await together(
    streamClients(tcpPort, path).map(async (command) => {
      assertEquals([command, (await ask(command, "x".repeat(1000))).stdout], [command, ""]);
    }),
  );
  assertEquals(await silence(udpPort, "x".repeat(1000)), "");
});

toolTest(tools, "serve daytime says it to each tool and ends", async () => {
  await using folder = await testFolder();
  const { server, path, tcpPort, udpPort } = await serving("daytime", folder);
  await using _server = server;
  const line = /^\w+, \w+ \d+, 20\d\d \d\d:\d\d:\d\d-UTC\r\n$/;
  await together(
    streamClients(tcpPort, path).map(async (command) => {
      assertMatch((await ask(command, "")).stdout, line, command.join(" "));
    }),
  );
  // Over UDP a reply is never longer than what asked for it.
  for (const reply of await tell(udpPort, "x".repeat(60), 30)) assertMatch(reply, line);
  assertEquals(await silence(udpPort, "x"), "");
});

toolTest(tools, "serve time gives each tool the seconds since 1900 in four bytes", async () => {
  await using folder = await testFolder();
  const { server, path, tcpPort } = await serving("time", folder);
  await using _server = server;
  await together(
    streamClients(tcpPort, path).map(async (command) => {
      const bytes: number[] = [];
      await run(command, { onStdout: (chunk) => void bytes.push(...chunk) });
      assertEquals(bytes.length, 4, command.join(" "));
      const seconds = new DataView(Uint8Array.from(bytes).buffer).getUint32(0);
      // RFC 868: 2208988800 is 1970.
      assert(Math.abs(seconds - 2_208_988_800 - Date.now() / 1000) < 60, String(seconds));
    }),
  );
});

toolTest(tools, "serve chargen goes on until the client has enough", async () => {
  await using folder = await testFolder();
  const { server, path, tcpPort, udpPort } = await serving("chargen", folder);
  await using _server = server;
  // RFC 864: 72 characters of a ring of the 95 printable ones, each line one further on.
  const ring = String.fromCharCode(...Array.from({ length: 95 }, (_, at) => 0x20 + at)).repeat(2);
  const lines = Array.from({ length: 100 }, (_, at) => `${ring.slice(at % 95, at % 95 + 72)}\r\n`);
  await together(
    streamClients(tcpPort, path).map(async (command) => {
      const { stdout } = await run(["sh", "-c", `${command.join(" ")} </dev/null | head -100`]);
      assert(stdout === lines.join(""), command.join(" "));
    }),
  );
  assertEquals(await tell(udpPort, "y".repeat(74), 74), Array(3).fill(lines[0]));
  assertEquals((await server.stop()).code, 0);
});

toolTest("curl", "curl talks to plumb serve over telnet://", async () => {
  await using folder = await testFolder();
  const { server, tcpPort } = await serving("daytime", folder);
  await using _server = server;
  const { stdout } = await run(["curl", "-s", "-m", "10", `telnet://127.0.0.1:${tcpPort}`]);
  assertMatch(stdout, /UTC\r\n$/);
});

toolTest(tools, "listen talks both ways with each tool and half-closes with it", async () => {
  await using folder = await testFolder();
  const addresses = [0, 1, 2, 3, 4, 5].map((at) => {
    return at < 3 ? "127.0.0.1:0" : `unix:${folder.file(`${at}`)}`;
  });
  await together(addresses.map(async (address, at) => {
    await using server = startPlumb(["listen", address]);
    const [where = ""] = await server.listening();
    const command = streamClients(at < 3 ? portOf(where) : 0, folder.file(`${at}`))[at] ?? [];
    await using client = start(command);
    await client.write("question\n");
    await server.stdoutHas("question\n");
    await client.endInput();
    await server.write("answer after the end of the question\n");
    await client.stdoutHas("answer after the end of the question\n");
    await server.endInput();
    const { code, stdout, stderr } = await server.result();
    assertEquals([command, code, stdout], [command, 0, "question\n"]);
    assertEquals(stderr, `listening on ${where}\n`);
    assertEquals([command, (await client.result()).code], [command, 0]);
  }));
});

toolTest(tools, "listen udp:// ends only its sending with its input", async () => {
  await together(tools.map(async (_, at) => {
    await using server = startPlumb(["listen", "udp://127.0.0.1:0"]);
    const [where = ""] = await server.listening();
    await using client = start(datagramClients(portOf(where))[at] ?? []);
    await client.write("one\n");
    await server.stdoutHas("one\n");
    await server.write("reply\n");
    await client.stdoutHas("reply\n");
    await server.endInput();
    await client.write("two\n");
    await server.stdoutHas("two\n");
    assertEquals((await server.stop("SIGINT")).code, 130);
  }));
});

toolTest("ncat", "a send-only and a receive-only ncat are served", async () => {
  await using sink = startPlumb(["listen", "127.0.0.1:0"], { stdin: "null" });
  await using source = startPlumb(["listen", "127.0.0.1:0"], { stdin: { text: "all of it\n" } });
  const [toSink = ""] = await sink.listening();
  const [toSource = ""] = await source.listening();
  const send = ["ncat", "--send-only", "127.0.0.1", `${portOf(toSink)}`];
  const receive = ["ncat", "--recv-only", "127.0.0.1", `${portOf(toSource)}`];
  const sent = await ask(send, "sent\n");
  const got = await run(receive);
  assertEquals([sent.code, got.code, got.stdout], [0, 0, "all of it\n"]);
  assertEquals((await sink.result()).stdout, "sent\n");
  assertEquals((await source.result()).code, 0);
});
