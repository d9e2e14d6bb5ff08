/**
 * `plumb sockets` against real sockets of this process, and against what ss(8) says of the same
 * ones. Other tests run beside it, so that only sockets that this one opened are compared.
 * @module
 */

import { assert, assertEquals, AssertionError, assertMatch } from "@std/assert";
import { run as runCommand } from "../../lib/cli/run.ts";
import { readSockets } from "../../lib/cli/sockets_read.ts";
import type { SocketRow } from "../../lib/cli/sockets_row.ts";
import { AF_INET, SOCK_STREAM } from "../../lib/sys/constants.ts";
import { NativeSocket } from "../../lib/sys/socket.ts";
import { encodeNetlink } from "../../lib/wire/netlink.ts";
import { decodeSockaddr, encodeSockaddr } from "../../lib/wire/sockaddr.ts";
import { fakeHost } from "../support/host.ts";
import "../support/libc.ts";
import { run } from "../support/process.ts";
import { openZoo, type SocketZoo } from "../support/socket_zoo.ts";
import { toolTest } from "../support/tools.ts";

/** The nine keys of a socket, as both programs tell them. */
interface Row {
  readonly state: string;
  readonly receiveQueue: number;
  readonly sendQueue: number;
  readonly local: string;
  readonly remote: string;
  readonly pid: number | null;
}

interface JsonRow extends Row {
  readonly protocol: string;
  readonly process: string | null;
  readonly inode: number;
  readonly words?: readonly string[];
}

async function sockets(...args: string[]): Promise<JsonRow[]> {
  const host = fakeHost();
  const code = await runCommand(["sockets", "--json", ...args], host);
  if (code === 6) return [];
  assertEquals([code, host.errors()], [0, ""]);
  return host.output().trim().split("\n").map((line) => JSON.parse(line));
}

/** Looks again while sockets are still on their way into their states: the machine may be busy. */
async function withZoo(body: (zoo: SocketZoo) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "plumb-zoo-" });
  try {
    using zoo = await openZoo(folder);
    await eventually(() => body(zoo));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function eventually(check: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + 5_000;
  for (;;) {
    try {
      return await check();
    } catch (thrown) {
      if (!(thrown instanceof AssertionError) || performance.now() > endMs) throw thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A line of `ss -H -n -p` of one protocol. */
function ssRow(line: string): Row {
  const [state = "", receive, send, local = "", remote = ""] = line.trim().split(/\s+/);
  const pid = /pid=(\d+)/.exec(line)?.[1];
  return {
    state,
    receiveQueue: Number(receive),
    sendQueue: Number(send),
    local,
    remote,
    pid: pid === undefined ? null : Number(pid),
  };
}

async function ss(flags: string, filter: readonly string[] = []): Promise<string[]> {
  const { code, stdout } = await run(["ss", `-H${flags}np`, ...filter]);
  assertEquals(code, 0);
  return stdout.split("\n").filter((line) => line.trim() !== "");
}

/** Rows that carry one of these ports, sorted as text. */
function rowsOf(rows: readonly Row[], ports: readonly number[]): string[] {
  const isOurs = ({ local, remote }: Row) =>
    ports.some((port) => local.endsWith(`:${port}`) || remote.endsWith(`:${port}`));
  return rows.filter(isOurs)
    .map(({ state, receiveQueue, sendQueue, local, remote, pid }) =>
      [state, receiveQueue, sendQueue, local, remote, pid].join(" ")
    ).sort();
}

const inetFilters: ReadonlyArray<
  readonly [name: string, plumb: string[], flags: string, filter: string[]]
> = [
  ["--tcp", ["--tcp"], "ta", []],
  ["--udp", ["--udp"], "ua", []],
  ["--listening --tcp", ["--listening", "--tcp"], "tl", []],
  ["--listening --udp", ["--listening", "--udp"], "ul", []],
];

for (const [name, args, flags, filter] of inetFilters) {
  toolTest(
    "ss",
    `sockets ${name} has the rows of ss -${flags}`,
    () =>
      withZoo(async ({ ports }) => {
        const own = Object.values(ports);
        const expected = rowsOf((await ss(flags, filter)).map(ssRow), own);
        assert(expected.length > 0);
        assertEquals(rowsOf(await sockets(...args), own), expected);
      }),
  );
}

toolTest(
  "ss",
  "sockets --port has the rows of ss with that port at either end",
  () =>
    withZoo(async ({ ports }) => {
      for (const port of [ports.tcp, ports.dual, ports.six, ports.timeWait]) {
        const filter = [`( sport = :${port} or dport = :${port} )`];
        const expected = rowsOf((await ss("ta", filter)).map(ssRow), [port]);
        const found = await sockets("--tcp", "--port", String(port));
        assert(expected.length > 0);
        assertEquals(found.length, expected.length);
        assertEquals(rowsOf(found, [port]), expected);
      }
    }),
);

/** The states that the zoo holds, as plumb and as ss take them. */
const states = [
  ["listen", "listening"],
  ["ESTAB", "established"],
  ["close_wait", "close-wait"],
  ["FinWait2", "fin-wait-2"],
  ["TIME-WAIT", "time-wait"],
  ["syn-sent", "syn-sent"],
] as const;

for (const [state, ssName] of states) {
  toolTest(
    "ss",
    `sockets --state ${state} has the rows of ss state ${ssName}`,
    () =>
      withZoo(async ({ ports }) => {
        const own = Object.values(ports);
        // With one state, ss leaves its column out.
        const lines = (await ss("ta", ["state", ssName])).map((line) => ssRow(`- ${line}`));
        const expected = rowsOf(lines, own);
        const found = (await sockets("--tcp", "--state", state)).map((row) => ({
          ...row,
          state: "-",
        }));
        assert(expected.length > 0, ssName);
        assertEquals(rowsOf(found, own), expected);
      }),
  );
}

for (
  const [name, args, flags] of [
    ["--unix", ["--unix"], "xa"],
    ["--listening --unix", ["--listening", "--unix"], "xl"],
  ] as const
) {
  toolTest("ss", `sockets ${name} has the rows of ss -${flags}`, () =>
    withZoo(async () => {
      const types: Readonly<Record<string, string>> = {
        u_str: "unix",
        u_dgr: "unixgram",
        u_seq: "unixpacket",
      };
      const expected = (await ss(flags)).filter((line) => line.includes(`pid=${Deno.pid},`))
        .map((line) => {
          const [type = "", state, receive, send, path, inode] = line.trim().split(/\s+/);
          return [types[type], state, receive, send, path, inode].join(" ");
        });
      const found = (await sockets(...args, "--pid", String(Deno.pid))).map((row) =>
        [row.protocol, row.state, row.receiveQueue, row.sendQueue, row.local, row.inode].join(" ")
      );
      assert(expected.length >= 4);
      assertEquals(found.sort(), expected.sort());
    }));
}

Deno.test("a connected Unix socket has the path of the other end", () =>
  withZoo(async ({ paths }) => {
    const rows = await sockets("--unix", "--pid", String(Deno.pid));
    const ends = (path: string) =>
      rows.filter(({ local, remote }) => local === path || remote === path)
        .map(({ protocol, state, local, remote }) => [protocol, state, local, remote].join(" "))
        .sort();
    assertEquals(ends(paths.stream), [
      `unix ESTAB * ${paths.stream}`,
      `unix ESTAB ${paths.stream} *`,
      `unix LISTEN ${paths.stream} *`,
    ]);
    assertEquals(ends(paths.datagram), [
      `unixgram ESTAB * ${paths.datagram}`,
      // Connecting to it makes the receiver "connected" as well (unix_dgram_connect).
      `unixgram ESTAB ${paths.datagram} *`,
    ]);
    assertEquals(ends(paths.lonely), [`unixgram UNCONN ${paths.lonely} *`]);
    assertEquals(ends(paths.seqpacket), [`unixpacket LISTEN ${paths.seqpacket} *`]);
    assertEquals(ends(paths.abstract), [`unix LISTEN ${paths.abstract} *`]);
  }));

Deno.test("an IPv4 client of a dual-stack listener is shown with its mapped address", () =>
  withZoo(async ({ ports }) => {
    const rows = await sockets("--tcp", "--port", String(ports.dual));
    const listener = rows.find(({ state }) => state === "LISTEN");
    assertEquals([listener?.local, listener?.remote], [`*:${ports.dual}`, "*:*"]);
    const server = rows.find(({ local }) => local === `[::ffff:127.0.0.1]:${ports.dual}`);
    assert(server?.remote.startsWith("[::ffff:127.0.0.1]:"));
    const only = await sockets("--tcp", "--listening", "--port", String(ports.six));
    assertEquals(only.map(({ local, remote }) => [local, remote]), [[
      `[::]:${ports.six}`,
      "[::]:*",
    ]]);
  }));

Deno.test("a TCP socket that has a port and does nothing is not shown, as ss leaves it out", async () => {
  using idle = NativeSocket.open({ family: AF_INET, type: SOCK_STREAM });
  idle.bind(encodeSockaddr({ family: "inet", host: "127.0.0.1", port: 0 }));
  const name = decodeSockaddr(idle.localName());
  assert(name.family === "inet");
  const asked = ["--tcp", "--port", String(name.port), "--pid", String(Deno.pid)];
  assertEquals(await sockets(...asked), []);
  assertEquals(await sockets("--listening", ...asked), []);
  idle.listen(1);
  assertEquals((await sockets("--listening", ...asked)).length, 1);
});

Deno.test("owners are found by pid and by name", () =>
  withZoo(async ({ ports }) => {
    const process = (await Deno.readTextFile("/proc/self/comm")).trim();
    const port = String(ports.tcp);
    const found = await sockets("--port", port, "--pid", String(Deno.pid), "--process", process);
    assertEquals(found.length, 5); // the listener, and both ends of two connections
    assertEquals(
      found.map(({ pid, process }) => [pid, process]),
      found.map(() => [Deno.pid, process]),
    );
    assertEquals(await sockets("--port", port, "--pid", "1"), []);
    assertEquals(await sockets("--port", port, "--process", "nobody-has-this"), []);
  }));

Deno.test("--info says in words what waits where", () =>
  withZoo(async ({ ports }) => {
    const words = async (port: number, state: string) =>
      (await sockets("--port", String(port), "--state", state, "--info"))
        .map((row) => row.words?.join("; ")).join(" | ");
    assert((await words(ports.tcp, "fin-wait-2")).includes("100 B not read by the program"));
    assert((await words(ports.full, "listen")).includes("accept queue full"));
    assert((await words(ports.full, "syn-sent")).includes("no answer yet"));
    assert((await words(ports.tcp, "estab")).includes("round trip"));
    assert((await words(ports.timeWait, "time-wait")).includes("forgotten in"));
  }));

Deno.test("a peer that does not read closes its window, and --info says for how long", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ port: listener.addr.port });
  using server = await listener.accept();
  const stuck = fillUp(client);
  const port = String((client.localAddr as Deno.NetAddr).port);
  await eventually(async () => {
    const rows = await sockets("--port", port, "--info");
    const words = rows.filter(({ local }) => local.endsWith(`:${port}`))
      .flatMap((row) => row.words ?? []).join("; ");
    assertMatch(words, /peer's window zero for [\d.]+ s; .*MiB not sent yet/);
  });
  server.close();
  await stuck;
});

/** Writes until the peer's end breaks it off. */
async function fillUp(connection: Deno.Conn): Promise<void> {
  const chunk = new Uint8Array(1024 * 1024);
  try {
    for (;;) await connection.write(chunk);
  } catch (thrown) {
    const expected = [Deno.errors.ConnectionReset, Deno.errors.BrokenPipe];
    if (!expected.some((kind) => thrown instanceof kind)) throw thrown;
  }
}

Deno.test("--summary counts what the list has", () =>
  withZoo(async ({ ports }) => {
    // A connection of another test that is over may have had the same port.
    const args = ["--tcp", "--port", String(ports.tcp), "--pid", String(Deno.pid)];
    const host = fakeHost();
    assertEquals(await runCommand(["sockets", "--json", "--summary", ...args], host), 0);
    const counts = host.output().trim().split("\n").map((line) => JSON.parse(line))
      .filter(({ count }) => count > 0).map(({ state, count }) => [state, count]);
    assertEquals(counts, [["LISTEN", 1], ["ESTAB", 2], ["FIN-WAIT-2", 1], ["CLOSE-WAIT", 1]]);
  }));

Deno.test("--names puts names where the numbers were", () =>
  withZoo(async ({ ports }) => {
    const host = fakeHost();
    const args = ["sockets", "--names", "--listening", "--tcp", "--port", String(ports.tcp)];
    assertEquals(await runCommand(args, host), 0);
    assert(host.output().includes(`localhost:${ports.tcp}`), host.output());
  }));

Deno.test("a kernel without sock_diag is read by /proc/net, less its backlogs and Unix queues", () =>
  withZoo(({ ports, paths }) => {
    const kinds = new Set(["tcp", "udp", "unix"] as const);
    // NLMSG_ERROR with ENOENT, as a kernel answers that was built without a part of it.
    const refusal = encodeNetlink(2, 0, Uint8Array.of(0xfe, 0xff, 0xff, 0xff));
    const whole = readSockets(kinds, false);
    const { rows, fallback } = readSockets(kinds, false, () => [refusal]);
    assertEquals([whole.fallback, fallback?.code], [null, "ENOENT"]);
    const states = (all: readonly SocketRow[], port: number) =>
      all.filter(({ inet }) => inet?.local.port === port)
        .map(({ protocol, state, local }) => `${protocol} ${state} ${local}`).sort();
    for (const port of [ports.tcp, ports.dual, ports.udp]) {
      assertEquals(states(rows, port), states(whole.rows, port));
    }
    const listener = rows.find(({ state, inet }) =>
      state === "LISTEN" && inet?.local.port === ports.full
    );
    assertEquals([listener?.receiveQueue, listener?.sendQueue], [1, null]);
    const unix = rows.find(({ state, local }) => state === "LISTEN" && local === paths.stream);
    assertEquals([unix?.protocol, unix?.receiveQueue], ["unix", null]);
    return Promise.resolve();
  }));
