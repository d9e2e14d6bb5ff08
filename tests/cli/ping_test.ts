/** `plumb ping` as a program: rows, summary, NDJSON, exit status, signals. */

import "../support/libc.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freeTcpPort, freeUdpPort, portOf } from "../support/ports.ts";
import { plumb, plumbCommand, start, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";

type Row = Readonly<Record<string, unknown>>;

function rowsOf(stdout: string): Row[] {
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Echoes to one client, with one bit of the byte at `offset` turned. */
async function changeByte(listener: Deno.TcpListener, offset: number): Promise<void> {
  using conn = await listener.accept();
  const into = new Uint8Array(1000);
  let passed = 0;
  try {
    for (let n = await conn.read(into); n !== null; n = await conn.read(into)) {
      const at = offset - passed;
      if (at >= 0 && at < n) into[at] = (into[at] ?? 0) ^ 0x10;
      passed += n;
      await conn.write(into.subarray(0, n));
    }
  } catch {
    // The client goes as soon as it has seen the change.
  }
}

const quick = ["-c", "3", "--interval", "10ms"] as const;

Deno.test("ping prints a row for each request and what they come to", async () => {
  await using server = startPlumb(["serve", "pingpong", "127.0.0.1:0", "--say", "role=db"]);
  const [address = ""] = await server.listening();
  const [connected, ponged] = await together([
    plumb(["ping", address, ...quick]),
    plumb(["ping", "--mode", "pingpong", address, ...quick]),
  ]);
  assertEquals([connected?.code, connected?.stderr, ponged?.code, ponged?.stderr], [0, "", 0, ""]);
  const lines = connected?.stdout.split("\n") ?? [];
  assertEquals(lines.length, 8);
  for (const [at, line] of lines.slice(0, 3).entries()) {
    const row = new RegExp(`^connected to ${address}: seq=${at + 1} time=\\d+\\.\\d{3} ms$`);
    assertMatch(line, row);
  }
  assertEquals(lines.slice(3, 5), ["", `--- ${address} ---`]);
  assertMatch(lines[5] ?? "", /^3 sent, 3 received, 0% lost, [\d.]+m?s$/);
  const trips =
    /^round trip min\/median\/p90\/p99\/max = ([\d.]+\/){4}[\d.]+ ms, jitter [\d.]+ ms$/;
  assertMatch(lines[6] ?? "", trips);
  const offset = /^pong from \S+: seq=3 time=[\d.]+ ms, clock [+-][\d.]+ ms \(within [\d.]+ ms\)$/m;
  assertMatch(ponged?.stdout ?? "", offset);
  assertMatch(ponged?.stdout ?? "", /^peer's clock .*; delay .*, dispersion .*, jitter .*$/m);
  const peer =
    /^peer: version [\d.]+, up .*, \d+ sessions?, load .*, \d+ free descriptors, role=db$/m;
  assertMatch(ponged?.stdout ?? "", peer);
});

Deno.test("--json gives an object for each request, and a summary", async () => {
  await using server = startPlumb([
    ...["serve", "pingpong", "127.0.0.1:0", "udp://127.0.0.1:0", "--say", "role=db"],
  ]);
  for (const address of await server.listening(2)) {
    const args = ["ping", "--json", "--mode", "pingpong", "--say", "from=test", address, ...quick];
    const { code, stdout, stderr } = await plumb(args);
    assertEquals([code, stderr], [0, ""]);
    const [first = {}, second = {}, , summary = {}, ...more] = rowsOf(stdout);
    assertEquals([first.schema, second.schema, more.length], [1, undefined, 0]);
    const names = "event time address mode seq result roundTripMs peerMs thereMs backMs clock peer";
    assertEquals(Object.keys(second), names.split(" "));
    assertEquals([second.event, second.seq, second.result, second.mode], [
      "ping",
      2,
      "reply",
      "pingpong",
    ]);
    const clock = second.clock as Record<string, number>;
    const estimated = "offsetMs errorMs delayMs dispersionMs jitterMs".split(" ");
    assertEquals(Object.keys(clock), estimated);
    const own = Math.abs(clock.offsetMs ?? Infinity);
    assert(own <= (clock.errorMs ?? 0), JSON.stringify(clock));
    const said = second.peer as Row;
    assertEquals(Object.keys(said), [
      ..."version uptimeMs sessions load freeDescriptors say".split(" "),
    ]);
    assertEquals(said.say, { role: "db" });
    const counts = { sent: 3, received: 3, lost: 0, lossRatio: 0, waiting: 0, late: 0 };
    for (const [name, value] of Object.entries({ event: "summary", address, ...counts })) {
      assertEquals(summary[name], value, name);
    }
    for (const name of ["minMs", "medianMs", "p90Ms", "p99Ms", "maxMs", "jitterMs"]) {
      assertEquals(typeof summary[name], "number", name);
    }
  }
});

Deno.test("nothing reached is exit 3, in each row the cause; --json has null for round trips", async () => {
  const [tcp, udp] = [`tcp://127.0.0.1:${freeTcpPort()}`, `udp://127.0.0.1:${freeUdpPort()}`];
  await using silent = startPlumb(["serve", "discard", "udp://127.0.0.1:0"]);
  const [quiet = ""] = await silent.listening();
  const cases = [
    [tcp, /seq=2 lost: connection refused$/m, /^plumb: connect tcp:.*refused \(ECONNREFUSED\)$/],
    [udp, /seq=2 lost: connection refused$/m, /^plumb: .* udp:.*refused \(ECONNREFUSED\)$/],
    [
      quiet,
      /seq=2 lost: no answer within 30ms$/m,
      /^plumb: ping udp:.*no answer to 2 requests within 30ms each$/,
    ],
  ] as const;
  await together(cases.map(async ([address, row, line]) => {
    const isQuiet = address === quiet;
    const args = ["ping", address, "-c2", "--interval=20ms", isQuiet ? "--timeout=30ms" : "-q"];
    const { code, stdout, stderr } = await plumb(args);
    assertEquals(code, 3, stderr);
    assertMatch(stdout, row);
    assertMatch(stdout, /^2 sent, 0 received, 100% lost, /m);
    assertMatch(stderr.trimEnd(), line);
  }));
  const { code, stdout, stderr } = await plumb(["ping", "--json", tcp, "-c1"]);
  assertEquals(code, 3);
  const [row = {}, summary = {}] = rowsOf(stdout);
  assertEquals([row.result, row.code, row.message], ["lost", "ECONNREFUSED", "connection refused"]);
  assertEquals([summary.received, summary.minMs, summary.jitterMs], [0, null, null]);
  const [error = {}] = rowsOf(stderr);
  assertEquals([error.event, error.code, error.exitStatus], ["error", "ECONNREFUSED", 3]);
});

Deno.test("some lost is exit 0, as with ping(8)", async () => {
  const peer = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = peer.addr as Deno.NetAddr;
  const pinging = plumb(["ping", `udp://127.0.0.1:${port}`, ...quick, "--timeout", "1500ms"]);
  const [message, from] = await peer.receive();
  await peer.send(message, from);
  const { code, stdout } = await pinging;
  peer.close();
  assertMatch(stdout, /^3 sent, 1 received, 66.7% lost, /m);
  assertEquals(code, 0);
});

Deno.test("a connection without answers, without the preface, or that ends is exit 4", async () => {
  await using echo = startPlumb(["serve", "echo", "127.0.0.1:0", "udp://127.0.0.1:0"]);
  const [tcp = "", udp = ""] = await echo.listening(2);
  const cases = [
    [["--mode", "echo", "exec:true"], /the peer ended the connection$|broken pipe/],
    [["--mode", "pingpong", tcp], /does not begin with the preface.*only sends back what it gets/],
    [["--mode", "pingpong", udp], /the peer only sends back what it gets/],
    [["--mode", "pingpong", "sh:echo 220 hello; cat"], /does not begin with the preface/],
    [["--mode", "pingpong", "sh:printf 'PLUMBHB\\002........'; cat"], /version 2 of framed/],
    [["--mode", "pingpong", "exec:sleep 5"], /no answer to 2 requests/],
  ] as const;
  await together(cases.map(async ([args, line]) => {
    const timeout = args.at(-1) === "exec:sleep 5" ? "300ms" : "15s";
    const { code, stderr } = await plumb([
      ...["ping", ...args, "-c2", "--interval=20ms", "--timeout", timeout],
    ]);
    assertEquals([code, stderr.trimEnd().split("\n").length], [4, 1], `${args}: ${stderr}`);
    assertMatch(stderr, /^plumb: ping /);
    assertMatch(stderr.trimEnd(), line);
  }));
});

Deno.test("a peer that changes one byte is exit 6, and the byte is named", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const changing = changeByte(listener, 100);
  const { port } = listener.addr;
  const stream = await plumb(["ping", "--mode", "echo", `127.0.0.1:${port}`, ...quick]);
  await changing;
  assertEquals(stream.code, 6, stream.stderr);
  assertMatch(stream.stdout, /^56 bytes from tcp:.*: seq=1 /m);
  assertMatch(stream.stdout, /^seq=2 different at byte 44: sent 0x[\da-f]{2}, got 0x[\da-f]{2}$/m);
  assertMatch(stream.stderr, /^plumb: ping tcp:.*: an echo differs$/m);
  await using upper = startPlumb(["serve", "upper", "udp://127.0.0.1:0"]);
  const [address = ""] = await upper.listening();
  const messages = await plumb(["ping", "--json", address, ...quick, "--size", "1000B"]);
  assertEquals(messages.code, 6, messages.stderr);
  const [row = {}] = rowsOf(messages.stdout);
  assertEquals([row.seq, row.result], [1, "different"]);
  assertEquals(Number(row.sent) - 32, Number(row.received));
  assertEquals(rowsOf(messages.stdout).at(-1)?.different, 3);
});

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`${signal} prints the summary and ends with ${status}; SIGUSR2 says it before`, async () => {
    await using pinging = startPlumb(["ping", "exec:cat", "--interval", "10ms"]);
    await pinging.stdoutMatches(/seq=\d+ time=/g, 5);
    pinging.signal("SIGUSR2");
    await pinging.stderrLine(/^\d+ sent, \d+ received, 0% lost, .*, round trip min/);
    const { code, stdout, stderr } = await pinging.stop(signal);
    assertEquals(code, status, stderr);
    assertMatch(stdout, /\n--- exec:cat ---\n\d+ sent, \d+ received, 0% lost, .*\nround trip /);
    assertEquals(stderr.split("\n").length, 2);
  });
}

Deno.test("a reader of the rows that goes away ends it quietly", async () => {
  const words = [...plumbCommand, "ping", "exec:cat", "--interval", "5ms"].join(" ");
  await using piped = start(["sh", "-c", `${words} | head -2`]);
  const { code, stdout, stderr } = await piped.result();
  assertEquals([code, stdout.trimEnd().split("\n").length, stderr], [0, 2, ""]);
});

Deno.test("a port that only pings is fine: the connection of a name is one more", async () => {
  await using server = startPlumb(["serve", "-v", "echo", "127.0.0.1:0"]);
  const [address = ""] = await server.listening();
  const { code } = await plumb(["ping", `localhost:${portOf(address)}`, "-c1"]);
  assertEquals(code, 0);
  await server.stderrMatches(/^session \d+: /gm, 2);
});
