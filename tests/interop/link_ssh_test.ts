import { assertEquals } from "@std/assert";
import { childrenOf } from "../../tools/descendants.ts";
import { Digest, digestOfRandom } from "../support/digest.ts";
import { plumbCommand, startPlumb } from "../support/process.ts";
import { randomStream } from "../support/random.ts";
import { hasSshd, Sshd } from "../support/sshd.ts";
import { toolTest } from "../support/tools.ts";

const size = 9 * 1024 * 1024;

/** sshd is not on the PATH of everybody: it is looked for by its name only where it is missing. */
const tools = hasSshd() ? ["ssh", "ssh-keygen"] : ["ssh", "ssh-keygen", "sshd"];

toolTest(tools, "a transfer through a link over ssh outlives two ssh connections", async () => {
  const folder = await Deno.makeTempDir({ prefix: "plumb-ssh-" });
  try {
    await using sshd = await Sshd.open();
    const digest = new Digest();
    await using sink = startPlumb(["listen", `unix:${folder}/sink`], {
      stdin: "null",
      onStdout: digest.add,
    });
    await sink.listening();
    await using server = startPlumb([
      ...["link", `listen:unix:${folder}/plumb.sock`, "--no-seal"],
      ...["--permit", `unix:${folder}/sink`],
    ]);
    await server.listening();
    const remote = [...plumbCommand, "connect", `unix:${folder}/plumb.sock`];
    await using client = startPlumb([
      ...["link", `exec:${[...sshd.ssh, ...remote].join(" ")}`, "--no-seal"],
      ...["--backoff", "10ms..50ms"],
      ...["--forward", `unix:${folder}/front=unix:${folder}/sink`],
    ]);
    await client.listening();
    await using source = startPlumb(
      ["connect", "--rate-limit", "6MiB/s", `unix:${folder}/front`],
      { stdin: randomStream(size, 3) },
    );
    for (const cut of [1, 2]) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (const pid of childrenOf(client.pid)) Deno.kill(pid, "SIGKILL");
      await client.stderrMatches(/^link .*: up again, \d+ frames sent again$/gm, cut);
    }
    const sent = await source.result();
    assertEquals(sent.code, 0, sent.stderr);
    const received = await sink.result();
    assertEquals(received.code, 0, received.stderr);
    assertEquals(digest.finish(), await digestOfRandom(size, 3));
    const ended = await client.stop("SIGTERM");
    assertEquals(ended.code, 0, ended.stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
