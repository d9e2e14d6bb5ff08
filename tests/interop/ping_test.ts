/** `plumb ping` of tools that no one here wrote. */

import { assertEquals, assertMatch } from "@std/assert";
import { testFolder } from "../support/folder.ts";
import { freeTcpPort, freeUdpPort, tcpListening, udpBound, unixBound } from "../support/ports.ts";
import { plumb, start } from "../support/process.ts";
import { together } from "../support/together.ts";
import { toolTest } from "../support/tools.ts";

/** Pings, and holds that all of it was answered. */
async function answers(command: readonly string[], ready: Promise<void>, args: readonly string[]) {
  await using _tool = start(command);
  await ready;
  const { code, stdout, stderr } = await plumb(["ping", ...args, "-c5", "--interval=10ms"]);
  assertEquals([code, stderr], [0, ""], `${command[0]}: ${stdout}`);
  assertMatch(stdout, /^5 sent, 5 received, 0% lost, /m);
}

toolTest(["socat", "ncat"], "echo services of socat and ncat give back every byte", async () => {
  await using folder = await testFolder();
  const path = folder.file("echo");
  const [one, two] = [freeTcpPort(), freeTcpPort()];
  const udp = freeUdpPort();
  const large = ["--mode=echo", "--size=20000B"];
  await together([
    answers(
      ["socat", `TCP-LISTEN:${one},bind=127.0.0.1`, "EXEC:cat"],
      tcpListening(one),
      [...large, `tcp://127.0.0.1:${one}`],
    ),
    answers(
      ["ncat", "-l", "127.0.0.1", String(two), "--exec", "/bin/cat"],
      tcpListening(two),
      ["--mode=echo", `127.0.0.1:${two}`],
    ),
    answers(
      // A process for each datagram: a pipe for all of them would join two into one.
      ["socat", `UDP-RECVFROM:${udp},bind=127.0.0.1,fork`, "EXEC:cat"],
      udpBound(udp),
      ["--size=1400B", `udp://127.0.0.1:${udp}`],
    ),
    answers(["socat", `UNIX-LISTEN:${path}`, "PIPE"], unixBound(path), [
      "--mode=echo",
      `unix:${path}`,
    ]),
  ]);
});

toolTest(["nc", "socat"], "connecting to nc and to socat is timed", async () => {
  const [one, two] = [freeTcpPort(), freeTcpPort()];
  await together([
    answers(["nc", "-lk", "127.0.0.1", String(one)], tcpListening(one), [`127.0.0.1:${one}`]),
    answers(
      ["socat", `TCP-LISTEN:${two},bind=127.0.0.1,fork`, "EXEC:cat"],
      tcpListening(two),
      [`tcp://127.0.0.1:${two}`],
    ),
  ]);
});
