/**
 * Servers under a service manager: sd_notify, the pid file, and process 1 of a container.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { listen } from "../../lib/api/listen.ts";
import { readToEnd } from "../support/pair.ts";
import { plumb, plumbCommand, start, startPlumb } from "../support/process.ts";
import "../support/libc.ts";
import { withFolder } from "../support/folder.ts";

/** A service manager: says what it is told. */
class Manager implements Disposable {
  readonly #socket: Deno.DatagramConn;

  constructor(path: string) {
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path });
  }

  async next(): Promise<string> {
    const [bytes] = await this.#socket.receive();
    return new TextDecoder().decode(bytes);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

const echo = ["serve", "echo", "tcp://127.0.0.1:0"];

for (const kind of ["path", "abstract name"]) {
  Deno.test(`a server tells its manager at a ${kind}: ready, reloading, stopping`, () =>
    withFolder(async (folder) => {
      const name = crypto.randomUUID();
      const [bound, told] = kind === "path"
        ? [`${folder}/notify`, `${folder}/notify`]
        : [`\0${name}`, `@${name}`];
      using manager = new Manager(bound);
      await using server = startPlumb(echo, { env: { NOTIFY_SOCKET: told } });
      assertEquals(await manager.next(), "READY=1");
      await server.listening();
      const [before] = (await Deno.readTextFile("/proc/uptime")).split(" ");
      server.signal("SIGHUP");
      const [, microseconds] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(await manager.next()) ??
        [];
      // Not CLOCK_BOOTTIME, but no machine of the tests was suspended.
      assert(Math.abs(Number(microseconds) / 1e6 - Number(before)) < 5, microseconds);
      assertEquals(await manager.next(), "READY=1");
      server.signal("SIGTERM");
      assertEquals(await manager.next(), "STOPPING=1");
      assertEquals((await server.result()).code, 0);
    }));
}

Deno.test("ready is told only when it listens; a server that cannot says nothing", () =>
  withFolder(async (folder) => {
    using manager = new Manager(`${folder}/notify`);
    const env = { NOTIFY_SOCKET: `${folder}/notify` };
    const { code } = await plumb(["serve", "echo", `unix:${folder}/none/s`], { env });
    assertEquals(code, 3);
    await using server = startPlumb(["serve", "echo", `unix:${folder}/s`], { env });
    assertEquals(await manager.next(), "READY=1");
    await (await connect(`unix:${folder}/s`))[Symbol.asyncDispose]();
    assertEquals((await server.stop()).code, 0);
  }));

Deno.test("a relay that retries its connections tells its manager, too, that it has reloaded", () =>
  withFolder(async (folder) => {
    using manager = new Manager(`${folder}/notify`);
    await using far = await listen("tcp://127.0.0.1:0");
    const target = `${far.addresses[0]?.text}?reconnect=5`;
    await using relay = startPlumb(["relay", `listen:unix:${folder}/s`, target], {
      env: { NOTIFY_SOCKET: `${folder}/notify` },
    });
    assertEquals(await manager.next(), "READY=1");
    await using _client = await connect(`unix:${folder}/s`);
    await using _accepted = await far.accept();
    relay.signal("SIGHUP");
    assertMatch(await manager.next(), /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    assertEquals(await manager.next(), "READY=1");
    await relay.stderrLine(/is retried now$|nothing to retry$/);
  }));

Deno.test("a server that stops is not ready again because of a reload", () =>
  withFolder(async (folder) => {
    using manager = new Manager(`${folder}/notify`);
    const env = { NOTIFY_SOCKET: `${folder}/notify` };
    await Deno.writeTextFile(`${folder}/allow`, "127.0.0.1\n");
    await using server = startPlumb([...echo, "--allow", `@${folder}/allow`], { env });
    const [address = ""] = await server.listening();
    assertEquals(await manager.next(), "READY=1");
    const client = await connect(address);
    await client.write(new Uint8Array(1));
    await client.read(new Uint8Array(1));
    server.signal("SIGTERM");
    assertEquals(await manager.next(), "STOPPING=1");
    server.signal("SIGHUP");
    await server.stderrLine(/^access list reloaded/);
    await client[Symbol.asyncDispose]();
    assertEquals((await server.result()).code, 0);
    await using next = startPlumb(echo, { env });
    // The next one's: nothing was told in between.
    assertEquals(await manager.next(), "READY=1");
    await next.stop();
    assertEquals(await manager.next(), "STOPPING=1");
  }));

Deno.test("the watchdog is fed at half its time, by the process that it is for", () =>
  withFolder(async (folder) => {
    using manager = new Manager(`${folder}/notify`);
    const env = { NOTIFY_SOCKET: `${folder}/notify`, WATCHDOG_USEC: "200000" };
    await using server = startPlumb(echo, { env });
    assertEquals(await manager.next(), "READY=1");
    const startMs = performance.now();
    for (let at = 0; at < 5; at++) assertEquals(await manager.next(), "WATCHDOG=1");
    const tookMs = performance.now() - startMs;
    assert(tookMs > 350 && tookMs < 1_500, String(tookMs));
    await server.stop();
    while (await manager.next() !== "STOPPING=1");
    await using other = startPlumb(echo, { env: { ...env, WATCHDOG_PID: "1" } });
    assertEquals(await manager.next(), "READY=1");
    await other.stop();
    assertEquals(await manager.next(), "STOPPING=1");
  }));

Deno.test("a manager that has gone is said once, and the server goes on", () =>
  withFolder(async (folder) => {
    const env = { NOTIFY_SOCKET: `${folder}/gone`, WATCHDOG_USEC: "100000" };
    await using server = startPlumb(echo, { env });
    const [address = ""] = await server.listening();
    await server.stderrLine(/^plumb: warning: .*NOTIFY_SOCKET/);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await using client = await connect(address);
    await client.closeWrite();
    assertEquals((await readToEnd(client)).length, 0);
    const { code, stderr } = await server.stop();
    assertEquals([code, stderr.match(/NOTIFY_SOCKET/g)?.length], [0, 1]);
  }));

Deno.test("the main process of a service changes with a takeover", () =>
  withFolder(async (folder) => {
    using manager = new Manager(`${folder}/notify`);
    const env = { NOTIFY_SOCKET: `${folder}/notify` };
    const args = [...echo, "--takeover", `${folder}/t`];
    await using old = startPlumb(args, { env });
    assertEquals(await manager.next(), "READY=1");
    await using next = startPlumb(args, { env });
    const told = new Set([await manager.next(), await manager.next(), await manager.next()]);
    assertEquals(told, new Set([`MAINPID=${next.pid}`, "STOPPING=1", "READY=1"]));
    assertEquals((await old.result()).code, 0);
  }));

Deno.test("the pid file: a live server's is refused, a leftover replaced, all removed at the end", () =>
  withFolder(async (folder) => {
    const path = `${folder}/pid`;
    const args = [...echo, "--pid-file", path];
    const first = startPlumb(args);
    await using _first = first;
    await first.listening();
    assertEquals(await Deno.readTextFile(path), `${first.pid}\n`);
    const refused = await plumb(args);
    assertEquals(refused.code, 3);
    assertMatch(refused.stderr, new RegExp(`pid file ${path}: deno\\[${first.pid}\\] is alive`));
    await first.stop("SIGKILL");
    assertEquals(await Deno.readTextFile(path), `${first.pid}\n`);

    await using second = startPlumb(args);
    await second.listening();
    assertEquals(await Deno.readTextFile(path), `${second.pid}\n`);
    await second.stop();
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);

    // A number that was given to another process since: it began after the file was written.
    await Deno.writeTextFile(path, `${Deno.pid}\n`);
    await Deno.utime(path, 1_000_000_000, 1_000_000_000);
    await using third = startPlumb(args);
    await third.listening();
    await third.stop();

    await Deno.writeTextFile(path, "not a number");
    const kept = await plumb(args);
    assertEquals([kept.code, await Deno.readTextFile(path)], [2, "not a number"]);
  }));

Deno.test("process 1 of a container reaps orphans, and not the status of its own children", () =>
  withFolder(async (folder) => {
    // The grandchild outlives its parent, and ends a little later: nobody's child but process 1's.
    const child = `exec:sh -c '(sleep 0.2 &) ; (sleep 0.3 &) ; read line; exit 3'`;
    const relay = [...plumbCommand, "relay", `listen:unix:${folder}/s`, child, "-v", "-v"];
    await using container = start(
      ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", ...relay],
      { stdin: "null" },
    );
    await container.listening();
    for (let at = 0; at < 3; at++) {
      await using client = await connect(`unix:${folder}/s`);
      await client.write(new TextEncoder().encode("go\n"));
      await readToEnd(client);
    }
    for (let at = 1; at <= 3; at++) {
      await container.stderrLine(new RegExp(`^session ${at}: .* exit=3$`));
    }
    const reaped = () => container.stderr.match(/^reaped process \d+/gm)?.length ?? 0;
    const endMs = performance.now() + 10_000;
    while (reaped() < 6 && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(reaped(), 6, container.stderr);
    const { stdout } = await new Deno.Command("ps", {
      args: ["--ppid", String(childOf(container.pid)), "-o", "stat="],
    }).output();
    assertEquals(new TextDecoder().decode(stdout).includes("Z"), false);
  }));

function childOf(pid: number): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim());
}
