/** `plumb watch` as a process. @module */

import "../support/libc.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { testFolder } from "../support/folder.ts";
import { freeTcpPort } from "../support/ports.ts";
import { plumb, plumbCommand, start, startPlumb } from "../support/process.ts";
import { toolTest } from "../support/tools.ts";

Deno.test("watch --once tells how everything stands: 0 where all is up, 6 where not", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const up = `tcp://127.0.0.1:${listener.addr.port}`;
  const down = `tcp://127.0.0.1:${freeTcpPort()}`;
  const good = await plumb(["watch", "--once", up]);
  assertEquals([good.code, good.stderr], [0, ""]);
  assertMatch(good.stdout, /^\S+Z {2}up {7}tcp:\S+ {2}[\d.]+ms\n0 down, 1 up\n$/);
  const bad = await plumb(["watch", "--once", "--json", up, down]);
  assertEquals(bad.code, 6);
  const [first, second, summary] = bad.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals([first.event, first.schema, first.address, first.state], ["state", 1, up, "up"]);
  assert(first.roundTripMs > 0);
  const { event, schema, name, address, state, previous, reason } = second;
  assertEquals([event, schema, name, address, state, previous], [
    "state",
    undefined,
    down,
    down,
    "down",
    "unknown",
  ]);
  assertEquals(reason, "connection refused (ECONNREFUSED)");
  const { time: _time, ...counts } = summary;
  const expected = { event: "summary", targets: 2, unknown: 0, up: 1, suspect: 0, down: 1 };
  assertEquals(counts, expected);
  const error = JSON.parse(bad.stderr);
  assertEquals([error.event, error.message, error.exitStatus], ["error", "1 of 2 not up", 6]);
});

Deno.test("a target that this machine cannot ask says why; a broadcast is refused at once", async () => {
  const { code, stdout } = await plumb(["watch", "--once", "tcp://127.0.0.1:9?interface=nosuch"]);
  assertEquals(code, 6);
  assertMatch(stdout, /^\S+Z {2}unknown {2}tcp:\S+ {2}this machine: no such interface\n/);
  const everybody = await plumb(["watch", "--once", "udp://255.255.255.255:9"]);
  assertEquals([everybody.code, everybody.stdout], [2, ""]);
  assertMatch(everybody.stderr, /^plumb: send udp:\S+: this is a broadcast address; .*\n$/);
});

Deno.test("an interface that there is not, or that is missing, is told before anything is asked", async () => {
  const faults = [["%nosuch", "no such interface nosuch"], ["", "needs an interface"]] as const;
  for (const [zone, says] of faults) {
    const { code, stdout, stderr } = await plumb(["watch", "--once", `tcp://[fe80::1${zone}]:9`]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, new RegExp(`^plumb: connect tcp://\\[fe80::1\\S*: .*${says}.*\\n$`));
  }
});

Deno.test("a file of targets is read again on SIGHUP; SIGUSR2 tells the tally; SIGTERM ends", async () => {
  await using folder = await testFolder();
  const path = folder.file("targets.toml");
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const targets = (...names: readonly string[]) =>
    names.map((name) => {
      return `[[target]]\nname = "${name}"\naddress = "tcp://127.0.0.1:${listener.addr.port}"\n`;
    }).join("");
  await Deno.writeTextFile(path, targets("one"));
  // Once an hour: what is seen is what the signal asked for.
  await using process = startPlumb(["watch", "--file", path, "--every", "1h"]);
  await process.stdoutLine(/ up {7}one /);
  await Deno.writeTextFile(path, targets("one", "two"));
  process.signal("SIGHUP");
  await process.stdoutLine(/ up {7}two /);
  await process.stderrLine(/^2 targets$/);
  await Deno.writeTextFile(path, "[[target]]\nname = 1\n");
  process.signal("SIGHUP");
  await process.stderrLine(
    /^plumb: reload: .*targets\.toml:2:1: name: write a text .*; the targets stay as they were$/,
  );
  process.signal("SIGUSR2");
  await process.stderrLine(/^0 down, 2 up; \d+ probes, 0 not answered, \d+ under way$/);
  const { code } = await process.stop("SIGTERM");
  assertEquals(code, 0);
});

Deno.test("rounds that a signal cuts are no result: 130", async () => {
  const address = `tcp://127.0.0.1:${freeTcpPort()}`;
  await using process = startPlumb(["watch", "--count", "1000", "--every", "1m", address]);
  await process.stdoutLine(/ suspect /);
  assertEquals((await process.stop("SIGINT")).code, 130);
});

Deno.test("a reader of the output that goes ends the watch quietly", async () => {
  const address = `tcp://127.0.0.1:${freeTcpPort()}`;
  const words = [...plumbCommand, "watch", "--every", "50ms", "--misses", "2", address];
  const { code, stdout, stderr } = await start(
    ["sh", "-c", `${words.map((word) => `'${word}'`).join(" ")} | head -1; exit 0`],
    { stdin: "null" },
  ).result();
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, / suspect /);
});

toolTest("script", "on a terminal there is a table, and nothing of it is left behind", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const up = `127.0.0.1:${listener.addr.port}`;
  const down = `127.0.0.1:${freeTcpPort()}`;
  const args = ["watch", up, down, "--every", "50ms", "--misses", "2", "--web", "127.0.0.1:0"];
  const words = [...plumbCommand, ...args].map((word) => `'${word}'`).join(" ");
  await using terminal = start(
    ["script", "--quiet", "--return", "--command", `exec ${words}`, "/dev/null"],
    { env: { NO_COLOR: "1" } },
  );
  await terminal.stdoutHas("\x1b[1;1H1 down, 1 up\x1b");
  await terminal.write("\x03");
  const { code, stdout } = await terminal.result();
  assertEquals(code, 0);
  const [before = "", rest = ""] = stdout.split("\x1b[?1049h");
  const [during = "", after = ""] = rest.split("\x1b[?1049l");
  assert(!before.includes("STATE"));
  assert(during.startsWith("\x1b[?25l\x1b[?7l\x1b[2J"));
  assert(during.endsWith("\x1b[?7h\x1b[?25h"));
  assertEquals(during.match(/STATE/g)?.length, 1, "a line that does not change is drawn once");
  assert(during.includes(";1Hpage on http:"), "what is said stands in the last line");
  const lines = after.replaceAll("\r", "").split("\n");
  for (const line of [/^1 down, 1 up$/, /^down {5}tcp:/, /^up {7}tcp:/, /^page on http:/]) {
    assertEquals(lines.filter((one) => line.test(one)).length, 1, String(line));
  }
});
