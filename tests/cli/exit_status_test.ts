/** Rules 6 and 7: what went wrong is one line, or one object, and an exit status. */

import "../support/libc.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { listen } from "../../lib/api/listen.ts";
import { testFolder } from "../support/folder.ts";
import { freeTcpPort, portOf } from "../support/ports.ts";
import { plumb, plumbCommand, run, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";
import { hasTools, testUnless } from "../support/tools.ts";

type Failure = readonly [args: readonly string[], code: number, line: RegExp];

async function assertFailures(failures: readonly Failure[], input = "x"): Promise<void> {
  await together(failures.map(async ([args, code, line]) => {
    const result = await plumb(args, { stdin: { text: input } });
    assertEquals([args, result.code, result.stdout], [args, code, ""]);
    const [first = "", ...others] = result.stderr.split("\n");
    assertMatch(first, line);
    assertEquals(others, [""], result.stderr);
  }));
}

Deno.test("what cannot be asked for is exit 2, one line, with the nearest name", async () => {
  await assertFailures([
    [["connect", "--tmeout=1s", ":1"], 2, /unknown flag --tmeout; did you mean --timeout\?$/],
    [["connect", "--idle", "", ":1"], 2, /--idle is given an empty value$/],
    [["connect", "--idle=5", ":1"], 2, /a duration needs a unit; write 5s$/],
    [["connect", "--idle=1s", "--idle=2s", ":1"], 2, /--idle is given twice$/],
    [["connect", "tcp://h:1?nodeley"], 2, /unknown option nodeley; did you mean nodelay\?$/],
    [["connect", "listen::80"], 2, /write :80$/],
    [["connect", "listen:"], 2, /^plumb: address listen:: .* where one to connect to belongs$/],
    [["connect", "tcp:/h:1"], 2, /needs \/\/ before the host; write tcp:\/\/h:1$/],
    [
      ["connect", "tcp://h:1?keepalive=30"],
      2,
      /^plumb: address tcp:\/\/h:1\?keepalive=30: keepalive: a duration needs a unit; write 30s$/,
    ],
    [["serve", "eho", ":0"], 2, /unknown service eho; did you mean echo\?$/],
    // One line: nothing listens before that is known.
    [
      ["serve", "echo", "127.0.0.1:0", "--stats", "udp://127.0.0.1:0"],
      2,
      /--stats is HTTP, which udp does not carry; listen on tcp:\/\/ or unix:$/,
    ],
    [["serve", "anounce", ":0"], 2, /unknown service anounce; did you mean announce\?$/],
    [["serve", "echo", "--replies=1", ":0"], 2, /^plumb: serve: unknown flag --replies/],
    [["serve", "echo", "--utf8", ":0"], 2, /^plumb: serve: --utf8 is of upper, not of echo$/],
    [["serve", "announce", "--idle=1s", "udp://h:1"], 2, /: --idle is not of announce$/],
    [["listen", "--drain=1s", ":0"], 2, /^plumb: listen: --drain goes with --keep$/],
    [["relay", "--drain=1s", "-", ":1"], 2, /--drain is for relays that serve many$/],
    [["relay", "--child-status", "listen::0", "h:1"], 2, /one session; add --once$/],
    [["conect", ":1"], 2, /unknown command "conect"; did you mean connect\?$/],
    [["bench", ":1"], 2, /unknown command "bench"/],
    [["connect", "udp://255.255.255.255:9"], 2, /broadcast/],
    [["connect", "udp://127.255.255.255:9"], 2, /broadcast/],
  ]);
});

Deno.test("what acts on this machine is not opened to others without --public: exit 2", async () => {
  const hint = /would be open to other machines; .*--public$/;
  await assertFailures([
    [["relay", "listen:tcp://0.0.0.0:0", "exec:cat"], 2, hint],
    [["relay", "exec:cat", "listen::0"], 2, hint],
    [["relay", "--once", "listen:udp://0.0.0.0:0", "sh:cat"], 2, hint],
  ]);
  for (const words of [["--public", "listen:tcp://0.0.0.0:0"], ["listen:tcp://127.0.0.1:0"]]) {
    await using relay = startPlumb(["relay", ...words, "exec:cat"]);
    await relay.listening();
    assertEquals((await relay.stop()).code, 0);
  }
});

Deno.test("what could not be opened is exit 3, with operation, address and cause", async () => {
  await using folder = await testFolder();
  const port = freeTcpPort();
  const [plain, missing] = [folder.file("plain"), folder.file("missing")];
  await Deno.writeTextFile(plain, "kept");
  await assertFailures([
    [
      ["connect", `:${port}`],
      3,
      new RegExp(`^plumb: connect tcp://.*:${port}: .*connection refused \\(ECONNREFUSED\\)`),
    ],
    [["connect", `unix:${missing}`], 3, /no such file or directory \(ENOENT\)$/],
    [["connect", "exec:no-such-program-here"], 3, /no such program \(ENOENT\)$/],
    [["listen", `unix:${plain}`], 3, /\(EADDRINUSE\); a plain file is there, and it is kept$/],
    [["listen", `unixgram:${missing}/x`], 3, /^plumb: listen unixgram:\S+: no such file/],
    [
      ["listen", `unixgram:${plain}/x`],
      3,
      /^plumb: listen unixgram:\S+: not a directory \(ENOTDIR\)$/,
    ],
    [["listen", `unix:${missing}/x`], 3, /no such file or directory \(ENOENT\)$/],
    [["connect", "tcp://nosuch.invalid:1"], 3, /^plumb: \w+ .*nosuch\.invalid/],
  ]);
  assertEquals(await Deno.readTextFile(plain), "kept");
});

Deno.test("a line names the operation once: not listen listen:", async () => {
  for (const format of [[], ["--json"]]) {
    const args = ["listen", "--timeout=1ms", "listen:memory:nobody-comes", ...format];
    const { code, stderr } = await plumb(args);
    assertEquals(code, 3);
    assertMatch(stderr, /\n(?:plumb: listen |.*"op":"listen","address":")memory:nobody-comes/);
  }
  const exposed = await plumb(["relay", "listen:tcp://0.0.0.0:0?backlog=5", "exec:cat"]);
  assertMatch(exposed.stderr, /^plumb: listen tcp:\/\/0\.0\.0\.0:0\?backlog=5: /);
});

Deno.test("a port in use names who holds it", async () => {
  await using holder = await listen("tcp://127.0.0.1:0");
  const address = holder.addresses[0]?.text ?? "";
  const held = new RegExp(`\\(EADDRINUSE\\); held by deno\\[${Deno.pid}\\]$`);
  await assertFailures([
    [["listen", address], 3, held],
    // A socket of our own, for the option: nothing else is said of it.
    [["listen", `${address}?reuseaddr=no`], 3, /^plumb: listen tcp:\S+: address in use/],
  ]);
  // The first address of several was open already: it is said, and closed again.
  const { code, stderr } = await plumb(["serve", "echo", "127.0.0.1:0", address]);
  assertEquals(code, 3);
  assertMatch(stderr, /^listening on .*\nplumb: listen .*\(EADDRINUSE\); held by deno\[\d+\]\n$/);
});

Deno.test("a live server's Unix socket is never taken, a stale one is", async () => {
  await using folder = await testFolder();
  const path = folder.file("socket");
  await using server = startPlumb(["serve", "echo", `unix:${path}`]);
  await server.listening();
  await assertFailures([[["listen", `unix:${path}`], 3, /\(EADDRINUSE\)/]]);
  await using client = await connect(`unix:${path}`);
  await client.closeWrite();
  server.signal("SIGKILL");
  await server.result();
  await using next = startPlumb(["listen", `unix:${path}`]);
  await next.listening();
  assertEquals((await next.stop("SIGINT")).code, 130);
});

Deno.test("a session that fails after it was open is exit 4", async () => {
  await using listening = await listen("tcp://127.0.0.1:0");
  const address = listening.addresses[0]?.text ?? "";
  for (const json of [false, true]) {
    await using client = startPlumb(["connect", ...(json ? ["--json", "-q"] : []), address]);
    await client.write("x");
    await using session = await listening.accept();
    await session?.read(new Uint8Array(1));
    session?.abort(); // with SO_LINGER 0: a reset
    const { code, stderr } = await client.result();
    assertEquals(code, 4);
    if (!json) {
      assertEquals(stderr, `plumb: read ${address}: connection reset by peer (ECONNRESET)\n`);
      continue;
    }
    const { time, ...error } = JSON.parse(stderr); // --silent: the error alone
    assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assertEquals(error, {
      event: "error",
      schema: 1,
      op: "read",
      address,
      code: "ECONNRESET",
      message: "connection reset by peer",
      exitStatus: 4,
      attempts: [],
    });
  }
});

Deno.test("a file that cannot be read on is exit 4, and no bug", async () => {
  // Nothing is mapped at address 0, so that the kernel answers EIO (proc(5)).
  await assertFailures([
    [["connect", "file:/proc/self/mem"], 4, /^plumb: read .*: input or output error \(EIO\)$/],
  ]);
});

Deno.test("a file that cannot be run is exit 5", async () => {
  await assertFailures([[["connect", "exec:/etc/passwd"], 5, /permission denied \(EACCES\)$/]]);
});

const unable = Deno.uid() !== 0
  ? "only root can make a socket that is somebody else's"
  : hasTools("setpriv")
  ? null
  : "needs setpriv, not installed";

// Root without the capabilities to overlook modes: the program itself is its own.
const overlooking = "-dac_override,-dac_read_search";
const modest = ["setpriv", `--bounding-set=${overlooking}`, `--inh-caps=${overlooking}`];

testUnless(unable, "connecting to a Unix socket of somebody else is exit 5", async () => {
  await using folder = await testFolder();
  const path = folder.file("socket");
  await using server = startPlumb(["listen", `unix:${path}?mode=0600&user=65534`]);
  await server.listening();
  const { code, stderr } = await run([...modest, ...plumbCommand, "connect", `unix:${path}`]);
  assertEquals([code, stderr], [
    5,
    `plumb: connect unix:${path}: permission denied (EACCES)\n`,
  ]);
});

testUnless(unable, "a pipe and a folder of somebody else are exit 5", async () => {
  await using folder = await testFolder();
  const [pipe, closed] = [folder.file("pipe"), folder.file("closed")];
  await run(["mkfifo", "-m", "600", pipe]);
  await Deno.mkdir(closed, { mode: 0o700 });
  for (const path of [pipe, closed]) await Deno.chown(path, 65534, 65534);
  for (
    const [args, line] of [
      [["connect", `fifo:${pipe}`], `open fifo:${pipe}`],
      [["listen", `unixgram:${closed}/socket`], `listen unixgram:${closed}/socket`],
      [["listen", `unix:${closed}/socket`], `listen unix:${closed}/socket`],
    ] as const
  ) {
    const { code, stderr } = await run([...modest, ...plumbCommand, ...args]);
    assertEquals([code, stderr], [5, `plumb: ${line}: permission denied (EACCES)\n`]);
  }
});

Deno.test("nobody within --timeout is exit 3, and says so", async () => {
  for (const keep of [[], ["--keep"]]) {
    const args = ["listen", "-q", "--timeout=200ms", ...keep, "127.0.0.1:0"];
    const { code, stderr } = await plumb(args);
    assertEquals(code, 3);
    assertMatch(stderr, /^plumb: listen .*: no peer came within 200 ms \(ETIMEDOUT\)/);
  }
});

Deno.test("an error of --json names every attempt", async () => {
  const port = freeTcpPort();
  const { code, stderr } = await plumb(["connect", "--json", `127.0.0.1:${port}`]);
  const { attempts, ...error } = JSON.parse(stderr);
  assertEquals([code, error.event, error.exitStatus], [3, "error", 3]);
  assertEquals(attempts[0].address, `127.0.0.1:${port}`);
  assertEquals(attempts[0].code, "ECONNREFUSED");
  assert(attempts[0].durationMs >= 0);
});

Deno.test("failing sessions never change the exit status of a server", async () => {
  const closed = freeTcpPort();
  await using relay = startPlumb(["relay", "listen:tcp://127.0.0.1:0", `:${closed}`]);
  const [front = ""] = await relay.listening();
  const client = await plumb(["connect", `127.0.0.1:${portOf(front)}`], { stdin: { text: "x" } });
  assertEquals(client.code, 4); // a reset: an end of input would say that there was nothing
  const { code, stderr } = await relay.stop();
  assertEquals(code, 0);
  assertMatch(stderr, /plumb: warning: connect .* connection refused \(ECONNREFUSED\)\n/);
});
