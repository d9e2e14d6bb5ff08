import "../support/libc.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { linkMagic } from "../../lib/wire/link_preamble.ts";
import { serve } from "../../lib/api/serve.ts";
import { run } from "../../lib/cli/run.ts";
import { readinessSettled } from "../../lib/sys/readiness.ts";
import { holdings } from "../support/descriptors.ts";
import { fakeHost } from "../support/host.ts";
import { keyFolder } from "../support/key_folder.ts";
import { freeTcpPort, portOf } from "../support/ports.ts";
import { plumb, type RunningProcess, startPlumb } from "../support/process.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Sends a line and gives the line that comes back. */
async function ask(address: string, line: string): Promise<string> {
  using peer = await Deno.connect({ hostname: "127.0.0.1", port: portOf(address) });
  await peer.write(bytes(line));
  const into = new Uint8Array(1024);
  let all = "";
  while (!all.endsWith("\n")) {
    const count = await peer.read(into);
    if (count === null) break;
    all += new TextDecoder().decode(into.subarray(0, count));
  }
  return all;
}

async function firstAddress(process: RunningProcess): Promise<string> {
  return (await process.listening())[0] ?? "";
}

Deno.test("keygen makes a file that nobody else can read, and keeps one that is there", async () => {
  await using place = await keyFolder();
  const path = `${place.path}/new`;
  const made = await plumb(["link", "keygen", path]);
  assertEquals(made, { ...made, code: 0, stdout: "", stderr: `a new key is in ${path}\n` });
  const info = await Deno.stat(path);
  assertEquals([info.size, (info.mode ?? 0) & 0o777], [32, 0o600]);
  const again = await plumb(["link", "keygen", path]);
  assertEquals([again.code, again.stderr], [
    3,
    `plumb: key file ${path}: there is a file already, and it is kept\n`,
  ]);
});

Deno.test("what cannot be a link is refused before anything is opened, in one line", async () => {
  await using place = await keyFolder();
  const loose = await place.write("loose", 0o640);
  const short = await place.write("short", 0o600, 31);
  const { key } = place;
  const cases: ReadonlyArray<readonly [number, RegExp, readonly string[]]> = [
    [2, /sealed with a key.*keygen/, ["tcp://127.0.0.1:1"]],
    [2, /without a seal.*leave --no-seal out/, ["tcp://192.0.2.1:1", "--no-seal"]],
    [2, /without a seal/, ["listen:tcp://:0", "--no-seal", "--key-file", key]],
    [2, /for 600 s.*link-retention=600s/, [
      "listen:tcp://:0",
      "--key-file",
      key,
      "--retain",
      "10m",
    ]],
    [2, /udp is none/, ["udp://127.0.0.1:1", "--no-seal"]],
    [2, /--permit is for the side that listens/, [
      "tcp://h:1",
      "--key-file",
      key,
      "--permit",
      "a:1",
    ]],
    [2, /--forward is for the side that connects/, [
      "listen:tcp://127.0.0.1:0",
      "--no-seal",
      "--forward",
      ":1=tcp://h:2",
    ]],
    [2, /--forward: .*no = with a scheme/, ["tcp://h:1", "--key-file", key, "--forward", ":1"]],
    [2, /--permit: .*a \* that stands for nothing/, [
      "listen:tcp://127.0.0.1:0",
      "--no-seal",
      "--permit",
      "tcp://*.h:1",
    ]],
    [2, /--heartbeat: send is not for a link/, [
      "tcp://127.0.0.1:1",
      "--no-seal",
      "--heartbeat",
      "every=1s,send=x",
    ]],
    [2, /reconnect/, ["tcp://127.0.0.1:1?reconnect", "--no-seal"]],
    [2, /sh would be open to other machines.*--public/, [
      ...["listen:tcp://:0", "--key-file", key, "--permit", "sh:date"],
    ]],
    [2, /exec would be open to other machines.*--public/, [
      ...["tcp://127.0.0.1:1", "--key-file", key, "--reverse", "listen:tcp://:1=exec:date"],
    ]],
    [2, /an identity of 65 bytes, more than 64/, [
      ...["tcp://127.0.0.1:1", "--no-seal", "--identity", "x".repeat(65)],
    ]],
    [5, /others can read or write it \(mode 0640\); chmod 600/, ["tcp://h:1", "--key-file", loose]],
    [2, /a key is 32 bytes, and the file has 31/, ["listen:tcp://:0", "--key-file", short]],
    [3, /no such file/, ["tcp://h:1", "--key-file", `${place.path}/none`]],
  ];
  for (const [code, line, args] of cases) {
    const host = fakeHost();
    assertEquals(await run(["link", ...args], host), code, `${args}: ${host.errors()}`);
    assertMatch(host.errors(), line);
    assertEquals(host.errors().split("\n").length, 2, host.errors());
  }
});

Deno.test("forwards go both ways, and nothing that no permit names", async () => {
  await using place = await keyFolder();
  const security = ["--key-file", place.key];
  await using upper = startPlumb(["serve", "upper", "tcp://127.0.0.1:0"]);
  const target = await firstAddress(upper);
  const permits = ["--permit", target, "--permit", "listen:tcp://127.0.0.1:*"];
  await using server = startPlumb([
    "link",
    "-v",
    "listen:tcp://127.0.0.1:0",
    ...security,
    ...permits,
  ]);
  const carrier = await firstAddress(server);
  await using client = startPlumb([
    "link",
    "-v",
    carrier,
    ...security,
    ...["--forward", `listen:tcp://127.0.0.1:0=${target}`],
    ...["--forward", "listen:tcp://127.0.0.1:0=tcp://127.0.0.1:1"],
    ...["--reverse", `listen:tcp://127.0.0.1:0=${target}`],
  ]);
  const [forward = "", forbidden = ""] = await client.listening(2);
  const reverse = (await client.stderrLine(/^listening on (\S+) at the other side$/))[1] ?? "";
  assertEquals(await ask(forward, "over there\n"), "OVER THERE\n");
  assertEquals(await ask(reverse, "from there\n"), "FROM THERE\n");

  const refused = await ask(forbidden, "x\n").catch((thrown) => (thrown as Error).name);
  assertEquals(refused, "ConnectionReset");
  await client.stderrLine(
    /^plumb: warning: open tcp:\/\/127\.0\.0\.1:1: refused by .*: not permitted/,
  );
  await server.stderrLine(
    /^plumb: warning: not permitted: tcp:\/\/127\.0\.0\.1:1, asked for by tcp:/,
  );
  assertEquals(await ask(forward, "still\n"), "STILL\n");

  const denied = await plumb([
    "link",
    carrier,
    ...security,
    ...["--reverse", "listen:unix:@plumb-denied=tcp://127.0.0.1:1"],
  ]);
  assertEquals(denied.code, 5, denied.stderr);
  assertEquals(
    denied.stderr,
    "plumb: listen unix:@plumb-denied: refused by the other side of the link: " +
      "not permitted\n",
  );

  const ended = await client.stop("SIGTERM");
  assertEquals(ended.code, 0, ended.stderr);
  await server.stderrLine(/^link 1: over: done$/);
  assertEquals((await server.stop("SIGTERM")).code, 0);
});

Deno.test("the live tally of a client counts the connections that it forwarded", async () => {
  await using target = await serve("echo", "tcp://127.0.0.1:0");
  const to = target.addresses[0]?.text ?? "";
  const listener = ["link", "listen:tcp://127.0.0.1:0", "--no-seal", "--permit", to];
  await using server = startPlumb(listener);
  const forward = ["--forward", `listen:tcp://127.0.0.1:0=${to}`];
  await using client = startPlumb(
    ["link", "--json", await firstAddress(server), "--no-seal", ...forward],
  );
  const [, address = ""] = await client.stderrLine(/"listening".*"address":"([^"]+)"/);
  assertEquals(await ask(address, "x\n"), "x\n");
  await client.stderrLine(/"event":"session"/);
  client.signal("SIGUSR2");
  const [line] = await client.stderrLine(/^.*"event":"tally".*$/);
  const { sessions, accepted, ended, bytesIn } = JSON.parse(line);
  assertEquals([sessions, accepted, ended, bytesIn], [0, 1, 1, 2]);
});

Deno.test("a client that is started again takes over from itself; the older one ends and says so", async () => {
  await using place = await keyFolder();
  const security = ["--key-file", place.key];
  await using upper = startPlumb(["serve", "upper", "tcp://127.0.0.1:0"]);
  const target = await firstAddress(upper);
  await using server = startPlumb([
    ...["link", "-v", "listen:tcp://127.0.0.1:0", ...security],
    ...["--permit", "listen:tcp://127.0.0.1:*"],
  ]);
  const carrier = await firstAddress(server);
  // Port 0 at first, then the port that it got: what a reverse forward with a fixed port has.
  const port = freeTcpPort();
  const words = [
    ...["link", carrier, ...security],
    ...["--reverse", `listen:tcp://127.0.0.1:${port}=${target}`],
  ];
  await using older = startPlumb(words);
  const front = (await older.stderrLine(/^listening on (\S+) at the other side$/))[1] ?? "";
  await using newer = startPlumb(words);
  const ended = await older.result();
  assertEquals(ended.code, 4, ended.stderr);
  assertMatch(
    ended.stderr,
    /^plumb: link .*: another client of the same identity has taken over$/m,
  );
  await newer.stderrLine(/^listening on \S+ at the other side$/);
  assertEquals(await ask(front, "again\n"), "AGAIN\n");
});

Deno.test("who has no key is told so and ends; the server goes on and holds nothing of it", async () => {
  await using place = await keyFolder();
  const wrong = await place.write("wrong", 0o600);
  await using upper = startPlumb(["serve", "upper", "tcp://127.0.0.1:0"]);
  const target = await firstAddress(upper);
  await using server = startPlumb([
    ...["link", "listen:tcp://127.0.0.1:0", "--key-file", place.key, "--permit", target],
  ]);
  const carrier = await firstAddress(server);
  await using client = startPlumb([
    ...["link", carrier, "--key-file", place.key],
    ...["--forward", `listen:tcp://127.0.0.1:0=${target}`],
  ]);
  const forward = await firstAddress(client);
  assertEquals(await ask(forward, "before\n"), "BEFORE\n");
  const before = holdings(server.pid);

  const [keyless, unsealed] = await Promise.all([
    plumb(["link", carrier, "--key-file", wrong]),
    plumb(["link", carrier, "--key-file", place.key, "--no-seal"]),
  ]);
  assertEquals(keyless.code, 5, keyless.stderr);
  assertMatch(keyless.stderr, /^plumb: link tcp:\S+: .*key.*\n$/);
  assertEquals(unsealed.code, 4, unsealed.stderr);
  assertMatch(unsealed.stderr, /^plumb: link tcp:\S+: .*seal.*\n$/);

  // Garbage, a hello that is cut short, one of another version, and one that is too long.
  const head = (version: number, length: number) =>
    new Uint8Array([...linkMagic, version, 1, length >> 8, length & 0xff]);
  const beginnings: readonly Uint8Array[] = [
    bytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    head(1, 100),
    head(9, 100),
    head(1, 60_000),
    crypto.getRandomValues(new Uint8Array(512)),
  ];
  for (const beginning of beginnings) {
    using peer = await Deno.connect({ hostname: "127.0.0.1", port: portOf(carrier) });
    await peer.write(beginning);
    await peer.closeWrite().catch(() => {});
    const into = new Uint8Array(1024);
    // An answer in words, or none; and then the end.
    for (let ended = false; !ended;) ended = await peer.read(into).catch(() => null) === null;
  }
  await server.stderrMatches(/^plumb: warning: link refused to /gm, 2 + beginnings.length);
  assertEquals(await ask(forward, "after\n"), "AFTER\n");
  await settled(() => holdings(server.pid).descriptors <= before.descriptors);
});

/** Waits until it holds, and fails in the end. */
async function settled(holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 100 && !holds(); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert(holds());
}

/** A server that says this to whoever comes, and ends. */
class Liar implements AsyncDisposable {
  readonly address: string;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #running: Promise<void>;

  constructor(answer: Uint8Array) {
    this.address = `tcp://127.0.0.1:${this.#listener.addr.port}`;
    this.#running = this.#run(answer);
  }

  async #run(answer: Uint8Array): Promise<void> {
    for await (const peer of this.#listener) {
      try {
        await peer.write(answer);
        await peer.closeWrite();
        while (await peer.read(new Uint8Array(1024)) !== null);
      } catch {
        // The client has gone: that is what is looked at.
      } finally {
        peer.close();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#running;
  }
}

Deno.test("what answers and is no server of links ends the client, each in a line of its own", async () => {
  await using place = await keyFolder();
  const said = (version: number, kind: number, length: number, body: readonly number[]) =>
    new Uint8Array([...linkMagic, version, kind, length >> 8, length & 0xff, ...body]);
  const cases: ReadonlyArray<readonly [number, RegExp, Uint8Array]> = [
    [4, /no link: it begins with/, bytes("SSH-2.0-OpenSSH_9.2\r\n")],
    [4, /version/, said(9, 0, 48, new Array(48).fill(0))],
    [4, /60000 bytes/, said(1, 0, 60_000, [])],
    [5, /key|not let in|message/, said(1, 0, 48, new Array(48).fill(7))],
    [5, /key/, said(1, 1, 1, [1])],
  ];
  for (const [code, line, answer] of cases) {
    await using liar = new Liar(answer);
    const host = fakeHost();
    const status = await run(["link", liar.address, "--key-file", place.key], host);
    assertEquals(status, code, host.errors());
    assertMatch(host.errors().split("\n").at(-2) ?? "", line);
  }
  await readinessSettled(); // of the thread that looks out for the network
});

Deno.test("a server that is told to end lets channels end, opens no more, and says goodbye", async () => {
  await using place = await keyFolder();
  const security = ["--key-file", place.key];
  await using upper = startPlumb(["serve", "upper", "tcp://127.0.0.1:0"]);
  const target = await firstAddress(upper);
  await using server = startPlumb([
    ...["link", "listen:tcp://127.0.0.1:0", ...security, "--permit", target],
  ]);
  const carrier = await firstAddress(server);
  await using client = startPlumb([
    ...["link", carrier, ...security, "--forward", `listen:tcp://127.0.0.1:0=${target}`],
  ]);
  const forward = await firstAddress(client);
  using held = await Deno.connect({ hostname: "127.0.0.1", port: portOf(forward) });
  const into = new Uint8Array(16);
  await held.write(bytes("held\n"));
  await held.read(into);
  server.signal("SIGTERM");
  await server.stderrLine(/^draining/);
  assertEquals(
    await ask(forward, "new\n").catch((thrown) => (thrown as Error).name),
    "ConnectionReset",
  );
  await held.write(bytes("more\n"));
  assertEquals(await held.read(into), 5);
  await held.closeWrite();
  assertEquals(await held.read(into), null);
  const ended = await server.result();
  assertEquals(ended.code, 0, ended.stderr);
  await client.stderrLine(/^plumb: warning: link .*: /);
  assertEquals((await client.stop("SIGTERM")).code, 0);
});
