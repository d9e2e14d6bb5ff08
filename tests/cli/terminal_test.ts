/** The program on a terminal: `script` of util-linux gives it one, and takes it away. */

import "../support/libc.ts";
import { assertEquals, assertMatch } from "@std/assert";
import { testFolder } from "../support/folder.ts";
import { connect } from "../../lib/api/connect.ts";
import { plumbCommand, start } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";

/**
 * Plumb with a terminal as its streams, and as the leader of its session: who is sent SIGHUP when
 * the terminal goes. `redirect` is what the shell does before.
 */
function onTerminal(args: readonly string[], redirect = "", env: Record<string, string> = {}) {
  const words = [...plumbCommand, ...args].map((word) => `'${word}'`).join(" ");
  const script = `exec ${words} ${redirect}`;
  return start(["script", "--quiet", "--return", "--command", script, "/dev/null"], { env });
}

/** Waits until a file holds what matches; the program that writes it is nobody's child any more. */
async function holds(path: string, pattern: RegExp): Promise<void> {
  let text = "";
  for (let attempt = 0; attempt < 1000; attempt++) {
    text = await Deno.readTextFile(path).catch(() => "");
    if (pattern.test(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${path} has no ${pattern}:\n${text}`);
}

toolTest(
  "script",
  "connect on a terminal ends when the peer ends, and says so with -v",
  async () => {
    await using terminal = onTerminal(["connect", "-v", "sh:echo hi"]);
    const { code, stdout } = await terminal.result();
    assertEquals(code, 0);
    assertMatch(stdout, /^on a terminal: the session ends when the peer ends\r$/m);
    assertMatch(stdout, /^hi\r$/m);
    assertMatch(stdout, /, peer-end, /);
  },
);

toolTest("script", "Ctrl-C in connect ends at once with 130 and says nothing", async () => {
  await using terminal = onTerminal(["connect", "exec:cat"]);
  await terminal.write("hello\n");
  await terminal.stdoutMatches(/hello\r\n/g, 2); // the terminal's echo, and the peer's
  await terminal.write("\x03");
  const { code, stdout } = await terminal.result();
  assertEquals([code, stdout.replace("^C", "").replaceAll("\r\n", "|")], [130, "hello|hello|"]);
});

toolTest("script", "a closed terminal ends connect quietly", async () => {
  await using folder = await testFolder();
  const [errors, log] = [folder.file("errors"), folder.file("log")];
  await using terminal = onTerminal(["connect", `--log=${log}`, "exec:cat"], `2>${errors}`);
  await terminal.write("hello\n");
  await terminal.stdoutMatches(/hello\r\n/g, 2);
  terminal.signal("SIGKILL");
  // The signal, or the end of its input that a terminal without a master is: whichever is first.
  await holds(log, /session 1: .*, (signal|local-end), child/);
  assertEquals(await Deno.readTextFile(errors), "");
});

toolTest("script", "a closed terminal ends what draws on it quietly, too", async () => {
  await using folder = await testFolder();
  const [errors, status] = [folder.file("errors"), folder.file("status")];
  const words = [...plumbCommand, "watch", "--every=20ms", `unix:${folder.file("none")}`];
  // The shell is the one that tells how it ended.
  const script = `trap '' HUP; ${words.join(" ")} 2>${errors}; echo $? >${status}`;
  await using terminal = start(["script", "--quiet", "--command", script, "/dev/null"]);
  await terminal.stdoutMatches(/suspect|down/g, 2);
  terminal.signal("SIGKILL");
  await holds(status, /\n/);
  const [told, said] = [await Deno.readTextFile(status), await Deno.readTextFile(errors)];
  assertEquals([told, said], ["0\n", ""]);
});

toolTest("script", "a server whose terminal was closed drains as for SIGTERM", async () => {
  await using folder = await testFolder();
  const [path, errors, log] = [folder.file("socket"), folder.file("errors"), folder.file("log")];
  const args = ["serve", "echo", `--log=${log}`, `unix:${path}`];
  await using terminal = onTerminal(args, `2>${errors}`);
  await holds(errors, /^listening on /);
  await using client = await connect(`unix:${path}`);
  await client.write(Uint8Array.of(1));
  await client.read(new Uint8Array(1));
  terminal.signal("SIGKILL");
  // The session goes on, and nothing new is let in.
  for (let refused = false; !refused;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    refused = await connect(`unix:${path}`).then((other) => other.abort(), () => true) ?? false;
  }
  await client.write(Uint8Array.of(2));
  assertEquals(await client.read(new Uint8Array(1)), 1);
  await client.closeWrite();
  await holds(log, /^\S+ info \d+ sessions?, 2 B in, 2 B out/m);
  assertEquals((await Deno.readTextFile(errors)).includes("plumb:"), false);
});

toolTest("script", "errors are coloured on a terminal, unless NO_COLOR is set", async () => {
  for (const [value, colored] of [["", true], ["1", false]] as const) {
    const env = { NO_COLOR: value, TERM: "xterm" };
    await using terminal = onTerminal(["connect", "unix:/nowhere/at/all"], "", env);
    const { code, stdout } = await terminal.result();
    assertEquals([code, stdout.startsWith("\x1b[31mplumb:\x1b[m ")], [3, colored]);
  }
});
