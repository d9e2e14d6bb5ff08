/** Text heartbeats with tools that no one here wrote: they only read, or they only write. */

import { assert, assertEquals } from "@std/assert";
import { freeTcpPort, tcpListening } from "../support/ports.ts";
import { start, startPlumb } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";

toolTest(
  ["ncat", "nc"],
  "clients of ncat and nc that only read are dead, and say so once",
  async () => {
    const dead = "every=200ms,misses=3,send=PING\\n";
    await using server = startPlumb(
      ["listen", "tcp://127.0.0.1:0", "--keep", "-v", "--heartbeat", dead],
    );
    const [address = ""] = await server.listening();
    const port = address.split(":").at(-1) ?? "";
    let sessions = 0;
    for (const tool of ["ncat", "nc"]) {
      // Standard input stays open: neither says anything by itself.
      await using client = start([tool, "127.0.0.1", port]);
      await client.stdoutHas("PING\n");
      sessions++;
      await server.stderrMatches(
        /no sign of life for 600 ms \(3 missed, every 200 ms\)/g,
        sessions,
      );
      await client.result();
    }
    assertEquals((await server.stop()).code, 0);
  },
);

toolTest(
  "ncat",
  "a listener of ncat that sends lines by itself is alive without being asked",
  async () => {
    const port = freeTcpPort();
    const chatter = "while sleep 0.1; do echo alive; done";
    await using _server = start(
      ["ncat", "-l", "127.0.0.1", String(port), "--send-only", "--sh-exec", chatter],
    );
    await tcpListening(port);
    await using client = startPlumb(
      ["connect", `tcp://127.0.0.1:${port}`, "--heartbeat", "every=400ms,misses=5,expect=^alive$"],
    );
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assertEquals(client.stdout, "");
    await client.stop();
    assert(!client.stderr.includes("no sign of life"), client.stderr);
  },
);
