/** Rows 1 to 9 of "Most wanted" in shared/design/asks.md: the end of a stream, and what it ends. */

import "../support/libc.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connect } from "../../lib/api/connect.ts";
import { echoed, nextPeer, nextText } from "../support/clients.ts";
import { eventsOf } from "../support/events.ts";
import { testFolder } from "../support/folder.ts";
import { freeUdpPort, portOf, udpBound } from "../support/ports.ts";
import { plumb, root, run, start, startPlumb } from "../support/process.ts";
import { together } from "../support/together.ts";
import { toolTest } from "../support/tools.ts";
import { within } from "../support/within.ts";

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const question = { stdin: { text: "question\n" } };

toolTest(
  "socat",
  "nmap#2586: the UDP reply that comes after the end of input is still printed",
  async () => {
    const port = freeUdpPort();
    const listen = `UDP-LISTEN:${port},bind=127.0.0.1`;
    await using _server = start(["socat", listen, "SYSTEM:read x; sleep 0.3; echo late"]);
    await udpBound(port);
    const { code, stdout, stderr } = await plumb(["connect", `udp://127.0.0.1:${port}`], question);
    assertEquals([code, stdout, stderr], [0, "late\n", ""]);
  },
);

toolTest(
  "socat",
  "nmap#1229: how many UDP replies to wait for, or how long a silence, can be said",
  async () => {
    const answer = "SYSTEM:read x; for n in 1 2 3; do sleep 0.05; echo $n; done; sleep 1";
    const outcomes = await together(
      [[], ["--replies=3"], ["--until-quiet=300ms"]].map(async (flags) => {
        const port = freeUdpPort();
        await using _server = start(["socat", `UDP-LISTEN:${port},bind=127.0.0.1`, answer]);
        await udpBound(port);
        const address = `udp://127.0.0.1:${port}`;
        const { code, stdout } = await plumb(["connect", ...flags, address], question);
        return [code, stdout];
      }),
    );
    // Unasked, one reply for one message.
    assertEquals(outcomes, [[0, "1\n"], [0, "1\n2\n3\n"], [0, "1\n2\n3\n"]]);
  },
);

Deno.test("websocat#63: connect ends with both ends, and tells which was the first", async () => {
  const outcomes = await together(["local-end", "peer-end"].map(async (first) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using client = startPlumb(["connect", "-v", `127.0.0.1:${listener.addr.port}`]);
    using peer = await nextPeer(listener);
    if (first === "local-end") {
      await client.endInput();
      assertEquals(await within(peer.read(new Uint8Array(1)), () => "no end"), null);
    }
    await peer.write(new TextEncoder().encode("bye\n"));
    await peer.closeWrite();
    await client.stdoutHas("bye\n");
    await pause(100); // the end comes right behind the last byte
    await client.endInput();
    const { code, stdout, stderr } = await client.result();
    return [code, stdout, /^session 1: .*, (\S+)$/m.exec(stderr)?.[1]];
  }));
  assertEquals(outcomes, [[0, "bye\n", "local-end"], [0, "bye\n", "peer-end"]]);
});

toolTest(
  "nc",
  "infra#886: no timer cuts the reply after half-close; one that was asked for is an error",
  async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const silent = `127.0.0.1:${listener.addr.port}`;
    const cut = plumb(["connect", "--eof-timeout=100ms", silent]);
    // socat's relay gives the other direction half a second, drops the rest and says nothing.
    const answer = ["listen:tcp://127.0.0.1:0", "sh:cat >/dev/null; sleep 0.6; echo late"];
    const outcomes = await together([[], ["--eof-timeout=200ms"]].map(async (flags) => {
      await using relay = startPlumb(["relay", "-v", ...flags, ...answer]);
      const port = portOf((await relay.listening())[0] ?? "");
      const { stdout } = await run(["nc", "-N", "127.0.0.1", String(port)], question);
      const [, reason] = await relay.stderrLine(/^session 1: .*s, ([\w-]+)/);
      return [stdout, reason];
    }));
    assertEquals(outcomes, [["late\n", "peer-end"], ["", "limit"]]);
    const { code, stderr } = await cut;
    assertEquals(code, 4);
    assertMatch(
      stderr,
      /^plumb: .*: one direction ended and the other went on for more than 100 ms \(--eof-timeout\)\n$/,
    );
  },
);

Deno.test("cri#1470: a relay is a library call of a program of one's own, and ends with it", async () => {
  await using folder = await testFolder();
  const program = folder.file("forward.ts");
  await Deno.writeTextFile(
    program,
    `import { relay } from "@plumb/plumb";
await using front = await relay("listen:tcp://127.0.0.1:0", "exec:tr a-z A-Z");
console.log(front.addresses[0]?.text);
await new Promise<void>((stop) => Deno.addSignalListener("SIGTERM", () => stop()));
`,
  );
  const { imports, unstable } = JSON.parse(await Deno.readTextFile(`${root}deno.json`));
  const config = folder.file("deno.json");
  const withPlumb = { ...imports, "@plumb/plumb": `${root}mod.ts` };
  await Deno.writeTextFile(config, JSON.stringify({ imports: withPlumb, unstable, lock: false }));
  const flags = ["--allow-all", "--quiet", "--no-check", "--cached-only", "--config", config];
  await using process = start([Deno.execPath(), "run", ...flags, program]);
  const [front = ""] = await process.stdoutLine(/^tcp:.*$/);
  const { stdout } = await plumb(["connect", front], question);
  assertEquals(stdout, "QUESTION\n");
  const { code, stderr } = await process.stop();
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("docker-acarshub#501: when either side dies the other is let go, and the relay goes on", async () => {
  using feed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const feedAddress = `tcp://127.0.0.1:${feed.addr.port}`;
  await using relay = startPlumb(
    ["relay", "-v", "--eof-timeout=150ms", "listen:tcp://127.0.0.1:0", feedAddress],
  );
  const [front = ""] = await relay.listening();
  const both = async () => [await connect(front), await nextPeer(feed)] as const;

  // The feed ends in order, and the client, which never ends, is closed all the same.
  const [patient, ended] = await both();
  ended.closeWrite();
  assertEquals(await nextText(patient), null);
  await relay.stderrLine(/^session 1: .*, limit /);
  ended.close();
  patient.abort();

  // The client is cut off, and the feed hears of it at once, though nobody reads or writes.
  const [cut, feeding] = await both();
  cut.abort();
  const broken = within(feeding.read(new Uint8Array(1)), () => "no reset");
  await assertRejects(() => broken, Deno.errors.ConnectionReset);
  await relay.stderrLine(/^session 2: .*, reset/);
  feeding.close();

  const [next, last] = await both();
  await last.write(new TextEncoder().encode("x"));
  assertEquals(await nextText(next), "x");
  last.close();
  await next[Symbol.asyncDispose]();
});

Deno.test("websocat#113: a child's exit code is in the session line, in JSON and in the status", async () => {
  const child = "sh:cat >/dev/null; exit 7";
  const flags = [["-v"], ["-v", "--json"], ["--child-status"]];
  const [line, json, status] = await together(flags.map((flags) => {
    return plumb(["connect", ...flags, child], question);
  }));
  assertEquals([line?.code, json?.code, status?.code], [0, 0, 7]);
  assertMatch(line?.stderr ?? "", /^session 1: .*, child \d+ exited with 7$/m);
  const [session] = eventsOf(json?.stderr ?? "", "session");
  assertEquals((session?.["child"] as { code: number }).code, 7);

  // The same of a server, whose own exit it never changes.
  await using server = startPlumb(["relay", "-v", "listen:tcp://127.0.0.1:0", child]);
  const [front = ""] = await server.listening();
  await plumb(["connect", front], question);
  await server.stderrLine(/^session 1: .* child=\d+ exit=7$/);
  assertEquals((await server.stop()).code, 0);
});

Deno.test("frp#3496: each session ends when it is as old as --lifetime, and the server does not", async () => {
  await using server = startPlumb(
    ["serve", "echo", "--json", "-v", "--lifetime", "300ms", "tcp://127.0.0.1:0"],
  );
  const [, address = ""] = await server.stderrLine(/"listening".*"address":"([^"]+)"/);
  const life = async (afterMs: number) => {
    await pause(afterMs);
    await using client = await connect(address);
    assertEquals(await echoed(client), "x");
    assertEquals(await nextText(client), null);
  };
  await together([life(0), life(150)]);
  await server.stderrMatches(/"event":"session"/g, 2);
  const sessions = eventsOf(server.stderr, "session");
  assertEquals(sessions.map(({ id, reason }) => [id, reason]), [[1, "lifetime"], [2, "lifetime"]]);
  for (const { durationMs } of sessions) assert(Number(durationMs) >= 299, `${durationMs}`);
  assertEquals((await server.stop()).code, 0);
});

Deno.test("nmap#2638: an idle connection is ended by itself, and the busy one beside it is not", async () => {
  await using server = startPlumb(["serve", "echo", "-v", "--idle", "500ms", "tcp://127.0.0.1:0"]);
  const [address = ""] = await server.listening();
  await using busy = await connect(address);
  await using silent = await connect(address);
  assertEquals(await echoed(busy), "x");
  const silence = nextText(silent);
  let over = false;
  silence.then(() => over = true, () => over = true);
  while (!over) {
    assertEquals(await echoed(busy), "x");
    await pause(50);
  }
  assertEquals(await silence, null);
  // Longer than --idle after its beginning, and still there.
  assertEquals(await echoed(busy), "x");
  await server.stderrLine(/^session 2: .*, idle/);
  assert(!/^session 1:/m.test(server.stderr), server.stderr);
});
