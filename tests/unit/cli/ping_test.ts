/** `plumb ping` in this process: what is refused, the plan, and what a terminal is shown. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { serve } from "../../../lib/api/serve.ts";
import { resultLine, summaryLines } from "../../../lib/cli/ping_text.ts";
import { run } from "../../../lib/cli/run.ts";
import { NetError } from "../../../lib/core/error.ts";
import { fakeHost, type FakeHostOptions } from "../../support/host.ts";

async function ran(argv: readonly string[], options: FakeHostOptions = {}) {
  const host = fakeHost(options);
  const status = await run(argv, host);
  return { status, output: host.output(), errors: host.errors(), host };
}

Deno.test("what cannot be pinged so is exit 2, before anything is opened", async () => {
  const cases = [
    [["ping"], /ADDR is missing/],
    [["ping", "listen::80"], /write :80$/],
    [["ping", "--mode", "connect", "udp://h:1"], /udp opens none to a peer/],
    [["ping", "--mode", "icmp", "h:1"], /--mode.*connect.*echo.*pingpong/],
    [["ping", "-"], /stdio has no peer to ping/],
    [["ping", "file:/tmp/x"], /file has no peer to ping/],
    [["ping", "-c", "0", "h:1"], /--count|-c/],
    [["ping", "-c", "x", "h:1"], /count/],
    [["ping", "--interval", "5", "h:1"], /write 5s$/],
    [["ping", "--interval", "0ms", "h:1"], /--interval/],
    [["ping", "--size", "3B", "udp://h:1"], /--size is 4 to 65507 bytes here, not 3$/],
    [["ping", "--size", "1MiB", "udp://h:1"], /--size/],
    [["ping", "--size", "100B", "h:1"], /--size is of --mode echo, and not of connect$/],
    [["ping", "--say", "a=b", "h:1"], /--say is of --mode pingpong, and not of connect$/],
    [["ping", "--mode=pingpong", "--say", "role", "h:1"], /role is not KEY=VALUE/],
    [["ping", "--mode=pingpong", "--say=a=1", "--say=a=2", "h:1"], /a is said twice/],
    [["serve", "pingpong", "127.0.0.1:0", "--say", "role"], /role is not KEY=VALUE/],
    [["serve", "echo", "127.0.0.1:0", "--say", "a=b"], /--say is of pingpong, not of echo$/],
  ] as const;
  for (const [args, line] of cases) {
    const { status, output, errors } = await ran(args);
    assertEquals([status, output], [2, ""], `${args}: ${errors}`);
    assertEquals(errors.trimEnd().split("\n").length, 1);
    assertMatch(errors.trimEnd(), line);
  }
});

Deno.test("the plan says how it is measured: by connecting, or by an echo where nothing connects", async () => {
  const modes = { "tcp://h:1": "connect", "udp://h:1": "echo", "exec:cat": "echo" };
  for (const [address, mode] of Object.entries(modes)) {
    const { status, output } = await ran(["ping", "--plan", "--json", address]);
    assertEquals([status, JSON.parse(output).settings], [0, { mode }]);
  }
});

Deno.test("on a terminal the distribution is drawn, and nowhere else", async () => {
  await using server = await serve("echo", "memory:ping-drawn");
  assertEquals(server.open, 0);
  const args = ["ping", "memory:ping-drawn", "--mode=echo", "-c30", "--interval=1ms"];
  const drawn = await ran(args, { outputIsTerminal: true, columns: 60 });
  assertEquals([drawn.status, drawn.errors, drawn.host.listeners()], [0, "", 0]);
  const bars = [...drawn.output.matchAll(/^ *[\d.]+ \.\. +[\d.]+ ms \|#* +(\d+)$/gm)];
  assert(bars.length > 1, drawn.output);
  assertEquals(bars.reduce((sum, [, count]) => sum + Number(count), 0), 30);
  assert(bars.every(([line]) => line.length < 60));
  const plain = await ran(args);
  assert(!plain.output.includes("|#"));
});

Deno.test("each fate of a request has its line", () => {
  const manner = { mode: "echo", address: "udp://h:7", size: 56, timeoutMs: 2_000 } as const;
  const error = new NetError({ kind: "refused", op: "send", message: "refused \x1b[2J" });
  const fates = [
    [
      { kind: "reply", sequence: 1, roundTripMs: 1.23456 },
      "56 bytes from udp://h:7: seq=1 time=1.235 ms",
    ],
    [{ kind: "lost", sequence: 2 }, "seq=2 lost: no answer within 2s"],
    [{ kind: "lost", sequence: 3, error }, "seq=3 lost: refused \\x1b[2J"],
    [
      { kind: "late", sequence: 2, roundTripMs: 2_500 },
      "seq=2 late: time=2500.000 ms, it counts as lost",
    ],
    [{ kind: "duplicate", sequence: 4 }, "seq=4 answered once more"],
    [
      { kind: "different", sequence: null, offset: 9, sent: null, received: 7 },
      "seq=? different at byte 9: sent nothing, got 0x07",
    ],
  ] as const;
  for (const [result, line] of fates) assertEquals(resultLine(result, manner), line);
});

Deno.test("the summary names what there was, and never rounds a loss away", () => {
  const summary = {
    ...{ sent: 3000, received: 2999, lost: 1, lossRatio: 1 / 3000, waiting: 2, late: 1 },
    ...{ duplicates: 4, different: 0, durationMs: 61_000 },
    ...{ minMs: 1, medianMs: 2, meanMs: 3, p90Ms: 4, p99Ms: 5, maxMs: 6, jitterMs: 0.5 },
    peer: { sessions: 1, say: { note: "\u202e" } },
  };
  assertEquals(summaryLines(summary, "tcp://h:1"), [
    "--- tcp://h:1 ---",
    "3000 sent, 2999 received, 4 twice, 1 late, <0.1% lost, 2 still waiting, 1m1s",
    "round trip min/median/p90/p99/max = 1.000/2.000/4.000/5.000/6.000 ms, jitter 0.500 ms",
    "peer: 1 session, note=\\u202e",
  ]);
  const most = { ...summary, received: 1, lossRatio: 0.9999, peer: {} };
  assertMatch(summaryLines(most, "x")[1] ?? "", />99\.9% lost/);
  assertEquals(summaryLines(most, "x")[3], "peer: says nothing of itself");
});
