/**
 * Server models from the command line: what is refused, and how a server of processes ends.
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { converse, echoed } from "../support/clients.ts";
import { plumb, startPlumb } from "../support/process.ts";
import "../support/libc.ts";

Deno.test("what a model cannot do is exit status 2, with the reason", async () => {
  const refused: [string[], RegExp][] = [
    [["serve", "echo", "tcp://:0", "--model", "pool=9..3"], /pool=9\.\.3: 9 is more than 3/],
    [["serve", "echo", "tcp://:0", "--model", "prefrok=2"], /did you mean prefork\?/],
    [["serve", "echo", "tcp://:0", "--model", "prefork=2", "--spare", "3"], /--spare goes with/],
    [["serve", "echo", "tcp://:0", "--pool-check", "1s"], /--pool-check goes with --model pool/],
    [["serve", "echo", "tcp://:0", "--hang-after", "1s"], /--hang-after goes with models/],
    [["serve", "echo", "udp://:0", "--model", "process"], /connections of TCP and Unix/],
    [["serve", "echo", "memory:x", "--model", "threads=2"], /connections of TCP and Unix/],
    [["relay", "listen:tcp://:0", "listen:tcp://:0", "--model", "process"], /paired by one/],
    [["relay", "tcp://h:1", "tcp://h:2", "--model", "thread"], /relays that serve many/],
    [["relay", "listen:tcp://:0", "memory:x", "--model", "threads=2"], /no way to memory:/],
    [["serve", "exec", "cat", "tcp://:0"], /open to other machines.*--public/],
    [["serve", "exec:cat", "tcp://:0", "--model", "process"], /open to other machines/],
    [["serve", "exec"], /ADDR is missing|CMD/],
  ];
  await Promise.all(refused.map(async ([args, words]) => {
    const { code, stderr } = await plumb(args);
    assertEquals(
      [code, words.test(stderr), stderr.trimEnd().split("\n").length],
      [2, true, 1],
      stderr,
    );
  }));
});

Deno.test("a server of processes drains on SIGTERM: 0, or 143 where it had to cut", async () => {
  const args = ["serve", "-v", "echo", "tcp://127.0.0.1:0", "--model", "prefork=1"];
  await using patient = startPlumb(args);
  const [address = ""] = await patient.listening();
  assertEquals(await converse(address, "hi"), "hi");
  const ended = await patient.stop();
  assertEquals(ended.code, 0);
  assertMatch(ended.stderr, /session 1: .* by process \d+: 2 B in, 2 B out, .*peer-end/);

  await using hasty = startPlumb([...args, "--drain", "50ms"]);
  const [other = ""] = await hasty.listening();
  await using client = await connect(other);
  assertEquals(await echoed(client), "x");
  const cut = await hasty.stop();
  assertEquals(cut.code, 143);
  assertMatch(cut.stderr, /drained: 0 ended by themselves, 1 cut/);
});

Deno.test("the bound on threads and processes is said once, with what raises it", async () => {
  for (const [model, limit] of [["thread", "threads"], ["process", "processes"]] as const) {
    const flags = ["--model", model, "--limit", `${limit}=1`];
    await using server = startPlumb(["serve", "echo", "tcp://127.0.0.1:0", ...flags]);
    const [address = ""] = await server.listening();
    await using first = await connect(address);
    assertEquals(await echoed(first), "x");
    const others = ["a", "b"].map((text) => converse(address, text));
    const said = `1 ${limit} reached: more wait in the backlog; raise it with --limit ${limit}=N`;
    await server.stderrLine(new RegExp(said));
    await first.closeWrite();
    assertEquals(await Promise.all(others), ["a", "b"]);
    const { code, stderr } = await server.stop();
    assertEquals([code, stderr.split(said).length], [0, 2], stderr);
  }
});

Deno.test("what a process says of a session is not bounded by the limit on a peer's lines", async () => {
  // The hexdump of one read of 512 KiB is a message of megabytes; a low limit is the other end.
  const large = "x".repeat(2_000_000);
  for (const model of ["process", "prefork=1"]) {
    const args = ["echo", "tcp://127.0.0.1:0", "--model", model, "-x", "--limit", "line=16B"];
    await using server = startPlumb(["serve", ...args]);
    const [address = ""] = await server.listening();
    assertEquals((await converse(address, large)).length, large.length);
    const { code, stderr } = await server.stop();
    assertEquals([code, /failed|replaced/.test(stderr)], [0, false]);
    assertMatch(stderr, /^> a-b end/m);
  }
});

Deno.test("a relay under a model joins each client to an end of its own", async () => {
  await using echo = startPlumb(["serve", "echo", "tcp://127.0.0.1:0"]);
  const [behind = ""] = await echo.listening();
  for (const model of ["process", "threads=2", "pool=1..2"]) {
    await using relay = startPlumb(["relay", "listen:tcp://127.0.0.1:0", behind, "--model", model]);
    const [front = ""] = await relay.listening();
    const all = await Promise.all(["a", "b", "c"].map((text) => converse(front, text)));
    assertEquals(all, ["a", "b", "c"]);
    assertEquals((await relay.stop()).code, 0);
  }
});

Deno.test("SIGUSR2 says how the threads of a pool are doing", async () => {
  const args = ["serve", "echo", "tcp://127.0.0.1:0", "--model", "pool=2..4"];
  await using server = startPlumb(args);
  const [address = ""] = await server.listening();
  assertEquals(await converse(address, "hi"), "hi");
  await using client = await connect(address);
  assertEquals(await echoed(client), "x");
  server.signal("SIGUSR2");
  await server.stderrLine(/1 session, .*workers: 2 alive, 1 busy, 0 queued, 1 done/);
});

Deno.test("sessions that wait for a thread are finished at the end, or dropped: those were cut", async () => {
  const pool = ["--model", "pool=1..1", "--tally-every", "50ms", "--pool-stop"];
  for (const [choice, status] of [["finish", 0], ["drop", 143]] as const) {
    await using server = startPlumb(["serve", "-v", "echo", "tcp://127.0.0.1:0", ...pool, choice]);
    const [address = ""] = await server.listening();
    await using busy = await connect(address);
    assertEquals(await echoed(busy), "x");
    const waits = converse(address, "a").catch(() => "dropped");
    await server.stderrLine(/1 busy, 1 queued/);
    server.signal("SIGTERM");
    await server.stderrLine(/draining: 2 open/);
    await busy.closeWrite();
    assertEquals(await waits, choice === "finish" ? "a" : "dropped");
    const { code, stderr } = await server.result();
    assertEquals(code, status);
    assertMatch(
      stderr,
      status === 0 ? /drained: 2 ended by themselves, 0 cut/ : /drained: 1 .*, 1 cut/,
    );
  }
});

Deno.test("threads and processes are bounded: who comes too late waits for one", async () => {
  for (const [model, limit] of [["thread", "threads=2"], ["process", "processes=2"]]) {
    const args = ["serve", "echo", "tcp://127.0.0.1:0", "--model", model ?? "", "--limit"];
    await using server = startPlumb([...args, limit ?? ""]);
    const [address = ""] = await server.listening();
    const first = await connect(address);
    const second = await connect(address);
    assertEquals([await echoed(first), await echoed(second)], ["x", "x"]);
    const third = converse(address, "third");
    const early = await Promise.race([third, new Promise((r) => setTimeout(r, 150, "waits"))]);
    assertEquals(early, "waits");
    await first[Symbol.asyncDispose]();
    assertEquals(await third, "third");
    await second[Symbol.asyncDispose]();
    assertEquals((await server.stop()).code, 0);
  }
});
