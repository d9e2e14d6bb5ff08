/**
 * Faults of processes and threads under a server: each costs its own session, and nothing else.
 * Serial: children and descriptors are counted.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { converse, echoed, fateOf } from "../support/clients.ts";
import { isAlive, isZombie, settle } from "../support/descriptors.ts";
import { root, run, type RunningProcess, start, startPlumb } from "../support/process.ts";
import { childrenOf } from "../../tools/descendants.ts";
import { until } from "../contract/model_contract.ts";
import { portOf } from "../support/ports.ts";
import "../support/libc.ts";

const loopback = "tcp://127.0.0.1:0";

/** Starts a server and waits until it has served somebody: its members are ready then. */
async function serving(
  model: string,
  ...flags: string[]
): Promise<{ server: RunningProcess; address: string }> {
  const server = startPlumb(["serve", "-v", "echo", loopback, "--model", model, ...flags]);
  const [address = ""] = await server.listening();
  assertEquals(await converse(address, "first"), "first");
  return { server, address };
}

/** The children that have become plumb: one that was forked is not yet. */
function membersOf(server: RunningProcess): number[] {
  return childrenOf(server.pid).filter((pid) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes("--child");
    } catch {
      return false; // it has ended
    }
  });
}

Deno.test("300 sessions of processes leave no zombie, also while they come", async () => {
  const { server, address } = await serving("process");
  await using _ = server;
  let zombies = 0;
  let isOver = false;
  const watch = (async () => {
    while (!isOver) {
      zombies = Math.max(zombies, childrenOf(server.pid).filter(isZombie).length);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  for (let round = 0; round < 30; round++) {
    await Promise.all(Array.from({ length: 10 }, (_, at) => converse(address, `${at}`)));
  }
  isOver = true;
  await watch;
  assert(zombies <= 2, `${zombies} zombies at once`);
  await settle(server.pid, ({ children }) => children === 2);
  const { code, stderr } = await server.stop();
  assertEquals(code, 0);
  assertMatch(stderr, /301 sessions, /);
});

Deno.test("a killed process loses its own sessions only, and is replaced within a second", async () => {
  const { server, address } = await serving("prefork=2");
  await using _ = server;
  const all: Duplex[] = [];
  for (let isSpread = false; !isSpread;) {
    const session = await connect(address);
    all.push(session);
    assertEquals(await echoed(session, "x"), "x");
    server.signal("SIGUSR2");
    const pattern = new RegExp(`${all.length} sessions?,.* 2 alive, (\\d) busy`);
    isSpread = (await server.stderrLine(pattern))[1] === "2";
  }
  const [victim = 0] = membersOf(server);
  const startMs = performance.now();
  Deno.kill(victim, "SIGKILL");
  await server.stderrLine(new RegExp(`process ${victim} was ended by SIGKILL: it is replaced`));
  await settle(server.pid, () => membersOf(server).length === 2 && !isAlive(victim));
  assert(performance.now() - startMs < 1_000, "not replaced within a second");
  let alive = 0;
  for (const session of all) {
    try {
      if (await echoed(session, "y") === "y") alive++;
    } catch {
      // one of the killed one's
    }
    session.abort();
  }
  assert(alive > 0 && alive < all.length, `${alive} of ${all.length} sessions went on`);
  assertEquals(await converse(address, "after"), "after");
  const { code, stderr } = await server.stop();
  assertEquals(code, 0);
  assertMatch(stderr, new RegExp(`by process ${victim}: .*child=${victim} signal=SIGKILL`));
});

Deno.test("members end by themselves when the server is killed, and the port is free", async () => {
  for (const model of ["process", "prefork=2"]) {
    const { server, address } = await serving(model);
    await using _ = server;
    const session = await connect(address);
    assertEquals(await echoed(session, "x"), "x");
    const members = membersOf(server);
    assert(members.length >= 2);
    const startMs = performance.now();
    Deno.kill(server.pid, "SIGKILL");
    await until(() => members.every((pid) => !isAlive(pid)), "their end", 2_000);
    assert(performance.now() - startMs < 1_000, `${model}: more than a second`);
    // A spare that was being started has the port until it finds nobody to serve for.
    await until(() => isFree(portOf(address)), "the port to be free", 5_000);
    session.abort();
  }
});

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

Deno.test("a process that hangs is replaced", async () => {
  const { server, address } = await serving("prefork=2", "--hang-after", "500ms");
  await using _ = server;
  // Who has served is ready; one that still starts has --hang-after's time not yet, but 30 s.
  const victim = Number((await server.stderrLine(/ by process (\d+): /))[1]);
  await settle(server.pid, () => membersOf(server).length === 2);
  Deno.kill(victim, "SIGSTOP");
  await server.stderrLine(new RegExp(`process ${victim} gives no sign of life: it is replaced`));
  await settle(server.pid, () => membersOf(server).length === 2 && !isAlive(victim));
  assertEquals(await converse(address, "after"), "after");
  assertEquals((await server.stop()).code, 0);
});

Deno.test("processes that die at their start are a crash loop: said, and the end", async () => {
  await using server = startPlumb(["serve", "echo", loopback, "--model", "prefork=2"]);
  await server.listening();
  let isOver = false;
  const killing = (async () => {
    while (!isOver) {
      for (const pid of membersOf(server)) Deno.kill(pid, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  const { code, stderr } = await server.result();
  isOver = true;
  await killing;
  assertEquals(code, 1);
  assertMatch(stderr, /serve: crash loop: 5 in a row ended right after their start/);
});

Deno.test("where no process can be started, that client is refused and the server goes on", async () => {
  const folder = await Deno.makeTempDir();
  await using _folder = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  // One file, with no cache of packages behind it: the user below has none.
  const bundle = await run([Deno.execPath(), "bundle", "main.ts", "-o", `${folder}/plumb.js`], {
    cwd: root,
  });
  assertEquals(bundle.code, 0, bundle.stderr);
  await Deno.chmod(folder, 0o777);
  // The limit on processes binds users other than root alone.
  const user = ["setpriv", "--reuid=65534", "--clear-groups"];
  await using server = start([
    ...user,
    ...["prlimit", "--nproc=1000:1000"],
    ...[Deno.execPath(), "run", "-A", "--quiet", "--unstable-net", `${folder}/plumb.js`],
    "serve",
    "-v",
    "echo",
    loopback,
    "--model",
    "process",
  ], { env: { DENO_DIR: `${folder}/cache`, HOME: folder } });
  const [address = ""] = await server.listening();
  assertEquals(await converse(address, "first"), "first");
  const set = [...user, "prlimit", "--pid", `${server.pid}`];
  assertEquals((await run([...set, "--nproc=1:1000"])).code, 0);
  const fates: string[] = [];
  for (let at = 0; at < 5; at++) {
    fates.push(await fateOf(address));
  }
  assert(fates.includes("reset"), fates.join());
  await server.stderrLine(/no more processes are allowed \(EAGAIN\)/);
  assertEquals((await run([...set, "--nproc=1000:1000"])).code, 0);
  await until(() => membersOf(server).length === 2, "its spares");
  assertEquals(await converse(address, "after"), "after");
  assertEquals((await server.stop()).code, 0);
});

Deno.test("the server's own descriptors do not grow with its sessions", async () => {
  for (const model of ["process", "threads=2", "pool=2..4", "thread"]) {
    const { server, address } = await serving(model);
    await using _ = server;
    for (let at = 0; at < 10; at++) assertEquals(await converse(address, "x"), "x");
    const before = await settle(server.pid, () => true);
    for (let at = 0; at < 40; at++) assertEquals(await converse(address, "x"), "x");
    // A worker more than before (they come and go) is 6 to 8; one left by each session would be 40.
    await settle(server.pid, ({ descriptors }) => descriptors <= before.descriptors + 30);
    assertEquals((await server.stop()).code, 0);
  }
});
