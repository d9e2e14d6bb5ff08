/** Unix datagram sockets between plumb and tools that no one here wrote. */

import { assertEquals } from "@std/assert";
import { type TestFolder, testFolder } from "../support/folder.ts";
import { unixBound } from "../support/ports.ts";
import { start, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";
import { toolTest } from "../support/tools.ts";

/** Clients that are bound to a path of their own: only those can be answered. */
function clients(path: string, folder: TestFolder): ReadonlyArray<readonly string[]> {
  return [
    ["socat", "-", `UNIX-SENDTO:${path},bind=${folder.file("from-socat")}`],
    ["nc", "-uU", "-s", folder.file("from-nc"), path],
  ];
}

toolTest(["socat", "nc"], "serve upper answers Unix datagrams of each tool", async () => {
  await using folder = await testFolder();
  const path = folder.file("server");
  await using server = startPlumb(["serve", "upper", `unixgram:${path}`]);
  assertEquals(await server.listening(), [`unixgram:${path}`]);
  await together(
    clients(path, folder).map(async (command) => {
      await using client = start(command);
      for (const word of ["one\n", "two\n"]) {
        await client.write(word);
        await client.stdoutHas(word.toUpperCase());
      }
    }),
  );
  assertEquals((await server.stop()).code, 0);
});

toolTest("socat", "connect unixgram: gets the reply of socat, and relay carries it", async () => {
  await using folder = await testFolder();
  const path = folder.file("server");
  await using _server = start(["socat", `UNIX-RECVFROM:${path},fork`, "EXEC:tr a-z A-Z"]);
  await unixBound(path);
  await using client = startPlumb(["connect", `unixgram:${path}`], { stdin: { text: "hello\n" } });
  assertEquals(await client.result(), { code: 0, signal: null, stdout: "HELLO\n", stderr: "" });
  await using relay = startPlumb(["relay", "listen:udp://127.0.0.1:0", `unixgram:${path}`]);
  const [front = ""] = await relay.listening();
  await using through = startPlumb(["connect", front], { stdin: { text: "through\n" } });
  assertEquals((await through.result()).stdout, "THROUGH\n");
});

toolTest(["socat", "nc"], "listen unixgram: talks both ways with each tool", async () => {
  await using folder = await testFolder();
  await together(
    clients("", folder).map(async (_, at) => {
      const path = folder.file(`server-${at}`);
      await using server = startPlumb(["listen", `unixgram:${path}`]);
      await server.listening();
      await using client = start(clients(path, folder)[at] ?? []);
      await client.write("question\n");
      await server.stdoutHas("question\n");
      await server.write("answer\n");
      await client.stdoutHas("answer\n");
      assertEquals((await server.stop("SIGINT")).code, 130);
    }),
  );
});
