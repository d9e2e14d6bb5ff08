/**
 * Rolling restarts: `--takeover`, inherited sockets, systemd's LISTEN_FDS.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { listen } from "../../lib/api/listen.ts";
import { makeContext } from "../../lib/core/context.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { libc } from "../../lib/sys/libc.ts";
import { meetPredecessor, openHandover } from "../../lib/transport/handover.ts";
import "../support/libc.ts";
import { holdings, settle } from "../support/descriptors.ts";
import { readToEnd } from "../support/pair.ts";
import { plumb, plumbCommand, start, startPlumb } from "../support/process.ts";
import { withFolder } from "../support/folder.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function conversation(address: string, text: string): Promise<string> {
  await using client = await connect(address);
  await client.write(encode(text));
  await client.closeWrite();
  return decode(await readToEnd(client));
}

/** A client that has been answered, and stays. */
async function heldClient(address: string): Promise<Duplex> {
  const client = await connect(address);
  await client.write(encode("x"));
  await client.read(new Uint8Array(1));
  return client;
}

Deno.test("a socket is taken over by the port that was picked for it, too", () =>
  withFolder(async (folder) => {
    const place = ["--takeover", `${folder}/t`];
    const words = ["serve", "echo", "tcp://127.0.0.1:0", "tcp://[::1]:0", ...place];
    await using before = startPlumb(words);
    const addresses = await before.listening(2);
    const options = addresses.map((address) => `${address}?backlog=9`);
    await using after = startPlumb(["serve", "echo", ...options, ...place]);
    await after.stderrLine(/^taken over from process/);
    assertEquals(await after.listening(2), addresses);
    assertEquals((await before.result()).code, 0);
    for (const address of addresses) assertEquals(await conversation(address, "x"), "x");
    assertEquals((await after.stop()).code, 0);
  }));

Deno.test("a takeover that fails leaves the old server reachable at its path", () =>
  withFolder(async (folder) => {
    const path = `unix:${folder}/s`;
    const place = ["--takeover", `${folder}/t`];
    await using before = startPlumb(["serve", "echo", path, ...place]);
    await before.listening(1);
    await using other = await listen("tcp://127.0.0.1:0");
    const busy = other.addresses[0]?.text ?? "";
    const { code, stderr } = await plumb(["serve", "echo", path, busy, ...place]);
    assertEquals(code, 3, stderr);
    await before.stderrLine(/this server goes on/);
    assertEquals(await conversation(path, "still there"), "still there");
    assertEquals((await before.stop()).code, 0);
  }));

Deno.test("20 takeovers under load: no client is refused, reset or answered wrongly", () =>
  withFolder(async (folder) => {
    const args = [
      ...["serve", "echo", "tcp://127.0.0.1:0", `unix:${folder}/s`, "-v"],
      ...["--takeover", `${folder}/t`, "--pid-file", `${folder}/pid`],
    ];
    await using servers = new AsyncDisposableStack();
    let server = servers.use(startPlumb(args));
    const addresses = await server.listening(2);
    let isOver = false;
    let served = 0;
    const client = async (at: number) => {
      while (!isOver) {
        const text = `client ${at}: ${served}`;
        // What goes wrong ends the test: a refusal, a reset, an end without the answer.
        assertEquals(await conversation(addresses[at % 2] ?? "", text), text);
        served++;
      }
    };
    const clients = Promise.all(Array.from({ length: 6 }, (_, at) => client(at)));
    // Looked at below; it must not be taken for unhandled before.
    clients.catch(() => isOver = true);
    await using held = await connect(addresses[0] ?? "");
    for (let round = 0; round < 20 && !isOver; round++) {
      const next = servers.use(startPlumb(args));
      await next.stderrLine(/^taken over from process/);
      if (round === 0) {
        await held.write(encode("held"));
        await held.read(new Uint8Array(4));
        await held[Symbol.asyncDispose]();
      }
      const { code, stderr } = await server.result();
      assertEquals(code, 0, stderr);
      assert(!/ cut\n/.test(stderr.replace(", 0 cut\n", "")), stderr);
      server = next;
      assertEquals(await next.listening(2), addresses);
      assertEquals(await Deno.readTextFile(`${folder}/pid`), `${next.pid}\n`);
    }
    isOver = true;
    await clients;
    assert(served > 100, String(served));
    assertEquals((await server.stop()).code, 0);
    // The last one takes everything with it.
    assertEquals(await Array.fromAsync(Deno.readDir(folder), ({ name }) => name), []);
  }));

async function answer(stats: string): Promise<string> {
  await using client = await connect(stats);
  await client.write(encode("GET /healthz HTTP/1.0\r\n\r\n"));
  return decode(await readToEnd(client)).split("\r\n\r\n").at(-1) ?? "";
}

Deno.test("started with the same words, --stats too, the new server tells the figures there", () =>
  withFolder(async (folder) => {
    const args = [
      ...["serve", "echo", "tcp://127.0.0.1:0", "--takeover", `${folder}/t`],
      ...["--stats", `unix:${folder}/stats`],
    ];
    await using old = startPlumb(args);
    const [address = ""] = await old.listening();
    const held = await heldClient(address);
    await using next = startPlumb(args);
    await next.stderrLine(/^taken over/);
    await old.stderrLine(/^draining/);
    // The old one would say "draining".
    for (let round = 0; round < 10; round++) {
      assertEquals(await answer(`unix:${folder}/stats`), "ok\n");
    }
    await held[Symbol.asyncDispose]();
    assertEquals((await old.result()).code, 0);
    assertEquals(await answer(`unix:${folder}/stats`), "ok\n");
    assertEquals((await next.stop()).code, 0);
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  }));

Deno.test("what the new server does not want stays the old one's: figures to the end, no path after it", () =>
  withFolder(async (folder) => {
    const args = ["serve", "echo", "tcp://127.0.0.1:0", "--takeover", `${folder}/t`];
    const more = [`unix:${folder}/s`, "--stats", `unix:${folder}/stats`];
    await using old = startPlumb([...args, ...more]);
    const [address = ""] = await old.listening();
    const held = await heldClient(address);
    await using next = startPlumb(args);
    await next.stderrLine(/^taken over/);
    await old.stderrLine(/^draining/);
    assertEquals(await answer(`unix:${folder}/stats`), "draining\n");
    await held[Symbol.asyncDispose]();
    assertEquals((await old.result()).code, 0);
    const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    assertEquals(left, ["t"]);
    assertEquals(await conversation(address, "x"), "x");
    assertEquals((await next.stop()).code, 0);
  }));

Deno.test("a new server that is told to end before it was ready leaves the old one as it was", () =>
  withFolder(async (folder) => {
    const args = ["serve", "echo", "tcp://127.0.0.1:0", "--takeover", `${folder}/t`];
    await using old = startPlumb(args);
    const [address = ""] = await old.listening();
    await Deno.mkdir(`${folder}/slow`);
    using turn = await Deno.open(`${folder}/slow`);
    await turn.lock(true); // it waits a second for its turn in that folder
    await using next = startPlumb([...args, "--stats", `unix:${folder}/slow/stats`]);
    await next.stderrLine(/^listening on tcp/);
    const { code, stderr } = await next.stop();
    assertEquals([code, stderr.includes("taken over")], [0, false]);
    await old.stderrLine(/this server goes on/);
    assertEquals(await conversation(address, "still there"), "still there");
    assertEquals((await old.stop()).code, 0);
  }));

Deno.test("an old server that is told to end while it hands over waits no more, and leaves its path", () =>
  withFolder(async (folder) => {
    const args = ["serve", "echo", `unix:${folder}/s`, "--takeover", `${folder}/t`];
    await using old = startPlumb(args);
    await old.listening();
    while (!(await Deno.stat(`${folder}/t`).then(() => true, () => false)));
    const visit = await meetPredecessor(`${folder}/t`, makeContext());
    assert(visit !== null);
    try {
      const startMs = performance.now();
      assertEquals((await old.stop()).code, 0);
      const tookMs = performance.now() - startMs;
      assert(tookMs < 5_000, `${tookMs} ms`);
      const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
      assertEquals(left, ["s"]);
      // The socket is the visitor's now, and who comes there waits in its backlog.
      await using _client = await connect(`unix:${folder}/s`);
    } finally {
      visit.discard();
    }
  }));

Deno.test("a new server that finds another one before it asks again who is there", () =>
  withFolder(async (folder) => {
    const door = await openHandover(`${folder}/t`, makeContext());
    const second = meetPredecessor(`${folder}/t`, makeContext());
    // It has connected and nobody accepts it: the first one is being answered.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await door.close();
    assertEquals(await second, null);
  }));

Deno.test("who has taken over serves on where no next one can come, and says so", () =>
  withFolder(async (folder) => {
    const door = await openHandover(`${folder}/t`, makeContext());
    await using before = await listen("tcp://127.0.0.1:0");
    const [listener] = before.listeners;
    const [local] = before.addresses;
    const words = ["serve", "echo", local?.text ?? "", "--takeover", `${folder}/t`];
    await using after = startPlumb(words);
    const visitor = await door.accept();
    const header = JSON.stringify({ schema: 1, sockets: [{ for: "", local }] });
    const session = visitor?.send(`${header}\n`, [listener?.descriptor?.() ?? -1]);
    await session?.read(new Uint8Array(64)); // "ready 0"
    await door.close();
    await Deno.writeTextFile(`${folder}/t`, "somebody else's");
    await session?.write(encode("done\n"));
    await session?.[Symbol.asyncDispose]();
    await before[Symbol.asyncDispose]();
    await after.stderrLine(/nobody can take over: listen unix:.*\/t: /);
    assertEquals(await conversation(local?.text ?? "", "served"), "served");
    assertEquals((await after.stop()).code, 0);
    assertEquals(await Deno.readTextFile(`${folder}/t`), "somebody else's");
  }));

Deno.test("clients in the backlog of the old server are served by the new one", () =>
  withFolder(async (folder) => {
    const args = ["serve", "echo", "tcp://127.0.0.1:0", "--takeover", `${folder}/t`];
    await using old = startPlumb([...args, "--max-connections", "1"]);
    const [address = ""] = await old.listening();
    const first = await heldClient(address);
    const waiting = [1, 2, 3].map((at) => conversation(address, `waiting ${at}`));
    await old.stderrLine(/more wait in the backlog/);
    await using next = startPlumb(args);
    await next.stderrLine(/^taken over/);
    assertEquals(await Promise.all(waiting), ["waiting 1", "waiting 2", "waiting 3"]);
    await first[Symbol.asyncDispose]();
    assertEquals((await old.result()).code, 0);
  }));

Deno.test("a new process that fails, or is no plumb, leaves the old server as it was", () =>
  withFolder(async (folder) => {
    const door = `${folder}/t`;
    const args = ["serve", "echo", "tcp://127.0.0.1:0", "--takeover", door];
    await using old = startPlumb(args);
    const [address = ""] = await old.listening();
    // Port 1 needs a privilege or, for root, is free: a path in no folder fails for everybody.
    const { code } = await plumb([...args, `unix:${folder}/none/s`]);
    assertEquals(code, 3);
    await old.stderrLine(/the new process went away; this server goes on/);
    await using stranger = await connect(`unix:${door}`);
    await stranger.write(encode("GET / HTTP/1.0\r\n\r\n"));
    await readToEnd(stranger).catch(() => {});
    const before = await settle(old.pid, () => true);
    for (let at = 0; at < 20; at++) {
      const visitor = await connect(`unix:${door}`);
      await visitor.read(new Uint8Array(1)); // its turn has come
      visitor.abort();
    }
    assertEquals(await conversation(address, "still there"), "still there");
    await settle(old.pid, ({ descriptors }) => descriptors <= before.descriptors);
    assertEquals((await old.stop()).code, 0);
  }));

Deno.test("the door is for this user alone, and a plain file there is kept", () =>
  withFolder(async (folder) => {
    const args = ["serve", "echo", "tcp://127.0.0.1:0", "--takeover"];
    await using server = startPlumb([...args, `${folder}/t`]);
    await server.listening();
    while (!(await Deno.stat(`${folder}/t`).then(() => true, () => false)));
    assertEquals(((await Deno.stat(`${folder}/t`)).mode ?? 0) & 0o777, 0o600);
    await Deno.writeTextFile(`${folder}/file`, "mine");
    const { code, stderr } = await plumb([...args, `${folder}/file`]);
    assertEquals(code, 3, stderr);
    assertEquals(await Deno.readTextFile(`${folder}/file`), "mine");
  }));

/** Starts plumb with descriptor 3 inherited, and what systemd says of it. */
function withDescriptor(fd: number, args: readonly string[], names?: string) {
  const words = [...plumbCommand, ...args].map((word) => `'${word}'`).join(" ");
  // $$ is what exec keeps: LISTEN_PID must be the server's own.
  const variables = names === undefined ? "" : `LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=${names}`;
  const script = `exec 3<&${fd}; exec env ${variables} ${words}`;
  return start(["bash", "-c", script], { stdin: "null" });
}

for (
  const [address, names] of [["fd:3", undefined], ["fd:3", "echo"], ["fd:echo", "echo"]] as const
) {
  for (const kind of ["tcp", "unix"]) {
    const passed = names === undefined ? "inherited" : "passed by systemd";
    Deno.test(`serve ${address} listens on a ${kind} socket that was ${passed}`, () =>
      withFolder(async (folder) => {
        const where = kind === "tcp" ? "tcp://127.0.0.1:0" : `unix:${folder}/s`;
        await using parent = await listen(where);
        const fd = parent.listeners[0]?.descriptor?.() ?? -1;
        // A duplicate without FD_CLOEXEC, which the child inherits.
        const copy = 500;
        assertEquals(libc().dup3(fd, copy, 0), copy);
        let server;
        try {
          server = withDescriptor(copy, ["serve", "echo", address], names);
        } finally {
          libc().close(copy);
        }
        await using running = server;
        const [at = ""] = await running.listening();
        const reachable = parent.addresses[0]?.text ?? "";
        if (kind === "tcp") assertEquals(at, reachable);
        for (let round = 0; round < 3; round++) {
          assertEquals(await conversation(reachable, "hello"), "hello");
        }
        assertEquals((await running.stop()).code, 0);
      }));
  }
}

Deno.test("fd: says what is wrong with a descriptor that cannot listen", async () => {
  for (
    const [address, line, status] of [
      ["fd:99", /^plumb: listen fd:99: no such descriptor is open \(EBADF\)$/m, 2],
      ["fd:0", /^plumb: listen fd:0: this is no stream socket that listens, /m, 2],
      ["fd:http", /no sockets were passed to this process \(LISTEN_FDS\)/, 3],
    ] as const
  ) {
    const { code, stderr } = await plumb(["serve", "echo", address]);
    assertMatch(stderr, line);
    assert(code === status, `${code}: ${stderr}`);
  }
});

Deno.test("taking over leaves no descriptor in the process that waits to be taken over", () =>
  withFolder(async (folder) => {
    const args = ["serve", "echo", "tcp://127.0.0.1:0", "--takeover", `${folder}/t`];
    await using old = startPlumb(args);
    await old.listening();
    await using next = startPlumb(args);
    await next.stderrLine(/^taken over/);
    await old.result();
    const [address = ""] = await next.listening();
    await conversation(address, "x");
    const before = holdings(next.pid);
    for (let at = 0; at < 50; at++) await conversation(address, "x");
    await settle(next.pid, ({ sockets }) => sockets <= before.sockets);
  }));
