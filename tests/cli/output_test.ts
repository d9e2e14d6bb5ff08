/** Rules 1, 2 and 4: what goes where, and in which shape. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { testFolder } from "../support/folder.ts";
import { freeTcpPort, portOf } from "../support/ports.ts";
import { plumb, startPlumb } from "../support/process.ts";

/** An abstract Unix socket that is this run's alone: they belong to the whole machine. */
const abstractName = (name: string) => `unix:@plumb-${Deno.pid}-${name}`;

type Entry = Readonly<Record<string, unknown>>;

/** The objects of a stream, each held to the shape that all of them have. */
function objects(text: string): Entry[] {
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line) as Entry);
  for (const [at, entry] of lines.entries()) {
    const keys = Object.keys(entry);
    assertEquals(keys.slice(0, at === 0 ? 2 : 1), at === 0 ? ["event", "schema"] : ["event"]);
    assertEquals(entry["schema"], at === 0 ? 1 : undefined);
    for (const key of keys) assertMatch(key, /^[a-z][a-zA-Z0-9]*$/);
  }
  return lines;
}

/** The same of standard error, where every object has its time. */
function events(text: string): Entry[] {
  return objects(text).map(({ time, ...rest }) => {
    assertMatch(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    return rest;
  });
}

Deno.test("data is all that is on standard output, with and without --json", async () => {
  for (const flags of [[], ["--json"], ["-v"], ["-vv"]]) {
    const input = { stdin: { text: "data\n" } };
    const { code, stdout } = await plumb(["connect", ...flags, "exec:cat"], input);
    assertEquals([flags, code, stdout], [flags, 0, "data\n"]);
  }
});

Deno.test("a session ends with one line of -v, and one object, with the same facts", async () => {
  const input = { stdin: { text: "1234" } };
  const text = await plumb(["connect", "-v", "sh:cat; echo end"], input);
  assertMatch(
    text.stderr,
    /^session 1: stdio: <-> sh:cat; echo end: 4 B ->, 8 B <-, [\d.]+m?s, (local|peer)-end, .*\n$/,
  );
  // A program need not ask: --json alone tells why; --silent does not.
  const json = await plumb(["connect", "--json", "sh:cat; echo end"], input);
  const silent = await plumb(["connect", "--json", "-q", "sh:cat; echo end"], input);
  assertEquals(silent.stderr, "");
  const [session, ...others] = events(json.stderr);
  assertEquals([session?.["event"], others], ["session", []]);
  assertEquals([session?.["bytesOut"], session?.["bytesIn"]], [4, 8]);
  assertEquals([session?.["peer"], session?.["other"]], ["sh:cat; echo end", "stdio:"]);
  assert(Number(session?.["durationMs"]) > 0);
  assertMatch(String(session?.["reason"]), /^(local|peer)-end$/);
});

Deno.test("-x is events with --json: standard error stays NDJSON", async () => {
  const input = { stdin: { text: "hi" } };
  const { stdout, stderr } = await plumb(["connect", "-x", "--json", "exec:cat"], input);
  assertEquals(stdout, "hi");
  const all = events(stderr);
  assertEquals(all.map(({ event }) => event), [...Array(4).fill("hexdump"), "session"]);
  const [[head = "", row = ""] = []] = all.map(({ lines }) => lines as string[]);
  assertMatch(head, /^> a-b 2 bytes /);
  assertMatch(row, /^00000000 {2}68 69 .*\|hi\|$/);
});

Deno.test("the two exceptions from half-close are said with -v", async () => {
  const udp = startPlumb(["connect", "-v", `udp://127.0.0.1:${freeTcpPort()}`]);
  await using _udp = udp;
  await udp.stderrLine(/as many replies as messages were sent, or for 3000 ms of silence/);
  assertEquals((await udp.stop("SIGINT")).code, 130);
});

Deno.test("each address of a listener is one line, or one object, with its real port", async () => {
  await using folder = await testFolder();
  const path = folder.file("socket");
  const addresses = ["127.0.0.1:0", `unix:${path}`, "udp://127.0.0.1:0", abstractName("output")];
  await using text = startPlumb(["serve", "echo", ...addresses.slice(0, 3)]);
  const [tcp = "", unix = "", udp = ""] = await text.listening(3);
  assert(portOf(tcp) > 0 && portOf(udp) > 0);
  assertEquals(unix, `unix:${path}`);
  const lines = (await text.stop()).stderr.match(/^listening on .*$/gm);
  assertEquals(lines, [tcp, unix, udp].map((address) => `listening on ${address}`));
  await using json = startPlumb(["serve", "echo", "--json", addresses[3] ?? ""]);
  await json.stderrLine(/"listening"/);
  const { code, stderr } = await json.stop();
  assertEquals(code, 0);
  const address = abstractName("output");
  assertEquals(events(stderr)[0], { event: "listening", schema: 1, address });
});

Deno.test("an empty host is every address, said in brackets", async () => {
  await using server = startPlumb(["serve", "echo", ":0"]);
  const [address = ""] = await server.listening();
  assertMatch(address, /^tcp:\/\/(\[::\]|0\.0\.0\.0):\d+$/);
  const { stdout } = await plumb(["connect", `127.0.0.1:${portOf(address)}`], {
    stdin: { text: "by IPv4" },
  });
  assertEquals(stdout, "by IPv4");
  await server.stop();
});

Deno.test("IPv4-mapped peers are shown as IPv4", async () => {
  await using server = startPlumb(["serve", "echo", "-v", ":0"]);
  const [address = ""] = await server.listening();
  await plumb(["connect", `127.0.0.1:${portOf(address)}`]);
  const { stderr } = await server.stop();
  assertMatch(stderr, /^session 1: tcp:\/\/127\.0\.0\.1:\d+ /m);
});

Deno.test("-q hides where it listens and never an error", async () => {
  await using server = startPlumb(["serve", "echo", "-q", abstractName("quiet")]);
  // Nothing says that it listens; that it serves does.
  for (let attempt = 0;; attempt++) {
    const { stdout } = await plumb(["connect", abstractName("quiet")], { stdin: { text: "x" } });
    if (stdout === "x") break;
    if (attempt === 20) throw new Error("it never listened");
  }
  assertEquals((await server.stop()).stderr, "");
  const { code, stderr } = await plumb(["connect", "-q", abstractName("quiet")]);
  assertEquals([code, stderr.split("\n").length], [3, 2]);
});

Deno.test("a server's session, tally and warning are objects with --json", async () => {
  const closed = freeTcpPort();
  const front = abstractName("json");
  const relay = startPlumb(["relay", "--json", "-v", `listen:${front}`, `:${closed}`]);
  await using _relay = relay;
  await relay.stderrLine(/"listening"/);
  await plumb(["connect", front], { stdin: { text: "x" } });
  await relay.stderrLine(/"event":"session".*"reason"/);
  const all = events((await relay.stop()).stderr);
  const warning = all.find(({ event }) => event === "unreachable");
  assertEquals([warning?.["level"], warning?.["code"]], ["warning", "ECONNREFUSED"]);
  const session = all.findLast(({ event }) => event === "session");
  assertEquals([session?.["id"], session?.["reason"]], [1, "error"]);
  const tally = all.at(-1);
  assertEquals([tally?.["event"], tally?.["accepted"], tally?.["failed"]], ["tally", 1, 1]);
});

Deno.test("--log keeps everything with reasons, whatever -q says, in text and in JSON", async () => {
  await using folder = await testFolder();
  for (const [format, line] of [["text", /^\S+Z info session 1: .*end/m], ["json", /"reason"/]]) {
    const file = folder.file(`${format}`);
    const flags = ["-q", `--log=${file}`, `--log-format=${format}`];
    const { code, stderr } = await plumb(["connect", ...flags, "exec:cat"]);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(await Deno.readTextFile(file), line as RegExp);
  }
  const failed = folder.file("failed");
  const { code } = await plumb(["connect", `--log=${failed}`, abstractName("nobody")]);
  assertEquals(code, 3);
  assertMatch(await Deno.readTextFile(failed), / error connect unix:@.*refused/);
});

Deno.test("--plan opens nothing and says endpoints, options, flags and limits", async () => {
  await using folder = await testFolder();
  const path = folder.file("never");
  const args = ["relay", "--plan", "--idle=5s", "--limit", "line=1KiB", `listen:unix:${path}`];
  const text = await plumb([...args, "tcp://h:http?nodelay"]);
  assertEquals([text.code, text.stderr], [0, ""]);
  for (
    const line of [
      /^plan of relay, schema 1$/m,
      /^ +a +passive +listen:unix:/m,
      /^ +b +active +tcp:\/\/h:80\?nodelay$/m,
      /nodelay=true \(address\)$/m,
      /^ +--idle +5s +\(flag\)$/m,
      /^ +line +1KiB +\(flag\)$/m,
      /^ +connections +10000 +\(default\)$/m,
    ]
  ) assertMatch(text.stdout, line);
  const json = await plumb([...args, "--json", "tcp://h:http?nodelay"]);
  const [plan] = objects(json.stdout);
  assertEquals([plan?.["event"], plan?.["command"]], ["plan", "relay"]);
  assertEquals(keysOf(plan).filter((key) => !/^[a-z][a-zA-Z0-9]*$/.test(key)), []);
  const limits = Object(plan?.["limits"]);
  assertEquals([limits.line, limits.datagramIdleMs, limits.dnsAnswers], [1024, 60_000, 1000]);
  const exists = await Deno.lstat(path).then(() => true, () => false);
  assertEquals(exists, false);
});

/** Every key in a value that JSON gave, however deep. */
function keysOf(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [...own, ...Object.values(value).flatMap(keysOf)];
}

Deno.test("colour is for terminals, unless it is asked for", async () => {
  const address = abstractName("nobody");
  const auto = await plumb(["connect", address], { env: { NO_COLOR: "" } });
  const always = await plumb(["connect", "--color=always", address]);
  const never = await plumb(["connect", "--color=never", address], { env: { NO_COLOR: "" } });
  assertEquals([auto.stderr.includes("\x1b"), never.stderr.includes("\x1b")], [false, false]);
  assertEquals(always.stderr.startsWith("\x1b[31mplumb:\x1b[m "), true);
});

Deno.test("session and tally have one shape with --json, of one session and of a server", async () => {
  const front = abstractName("shape");
  await using server = startPlumb(["serve", "echo", "--json", "-v", front]);
  await server.stderrLine(/"listening"/);
  await using client = startPlumb(["connect", "--json", front]);
  await client.write("x");
  await client.stdoutHas("x");
  for (const one of [server, client]) {
    one.signal("SIGUSR2");
    await one.stderrLine(/"event":"tally"/);
  }
  await client.endInput();
  await client.result();
  await server.stderrLine(/"event":"session"/);
  const [ofClient, ofServer] = [events(client.stderr), events((await server.stop()).stderr)];
  const keys = (all: typeof ofClient, event: string) =>
    all.filter((one) => one["event"] === event).map((one) =>
      Object.keys(one).filter((key) => !["schema", "other", "credentials"].includes(key)).sort()
    );
  const [tally, last] = keys(ofServer, "tally");
  assertEquals(keys(ofClient, "tally"), [tally]);
  assertEquals(last, tally);
  assertEquals(keys(ofClient, "session"), keys(ofServer, "session"));
});
