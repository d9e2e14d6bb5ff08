import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { makeContext } from "../../../lib/core/context.ts";
import {
  attemptDelayMs,
  type Contest,
  interleave,
  raceAttempts,
} from "../../../lib/transport/happy.ts";
import type { ResolvedHost } from "../../../lib/transport/resolve.ts";

/** Attempts that end after a time of their own: `ok@300`, `fail@10`, `hang`. */
function contest(clock: VirtualClock) {
  const log: string[] = [];
  const plan: Contest<string, string> = {
    attempt: (candidate, signal) =>
      new Promise((resolve, reject) => {
        log.push(`${clock.now()} start ${candidate}`);
        const [outcome, atMs] = candidate.split("@");
        const timer = clock.timer(Number(atMs ?? 1e9), () => {
          signal.removeEventListener("abort", stop);
          if (outcome === "ok") resolve(candidate);
          else reject(new Error(candidate));
        });
        const stop = () => {
          log.push(`${clock.now()} stop ${candidate}`);
          timer.cancel();
          reject(signal.reason);
        };
        signal.addEventListener("abort", stop);
      }),
    discard: (late) => log.push(`discard ${late}`),
  };
  return { plan, log };
}

Deno.test("attempts start 250 ms apart while none answers", async () => {
  const clock = new VirtualClock();
  const { plan, log } = contest(clock);
  const race = raceAttempts(["ok@600", "ok@900", "ok@900"], plan, makeContext({ clock }));
  await clock.advance(600);
  assertEquals(await race, { won: true, value: "ok@600", candidate: "ok@600" });
  assertEquals(log, [
    "0 start ok@600",
    "250 start ok@900",
    "500 start ok@900",
    "600 stop ok@900",
    "600 stop ok@900",
  ]);
  assertEquals(clock.pending, 0);
});

Deno.test("an attempt that fails starts the next one at once", async () => {
  const clock = new VirtualClock();
  const { plan, log } = contest(clock);
  const race = raceAttempts(["fail@10", "ok@5"], plan, makeContext({ clock }));
  await clock.advance(15);
  assertEquals((await race).won, true);
  assertEquals(log, ["0 start fail@10", "10 start ok@5"]);
  assertEquals(clock.pending, 0);
});

Deno.test("a later address wins when the first one is silent", async () => {
  const clock = new VirtualClock();
  const { plan } = contest(clock);
  const race = raceAttempts(["hang", "ok@20"], plan, makeContext({ clock }));
  await clock.advance(attemptDelayMs + 20);
  assertEquals(await race, { won: true, value: "ok@20", candidate: "ok@20" });
});

Deno.test("when all fail, every failure is told, in the order of the candidates", async () => {
  const clock = new VirtualClock();
  const { plan } = contest(clock);
  const race = raceAttempts(["fail@400", "fail@100", "fail@1"], plan, makeContext({ clock }));
  await clock.advance(1000);
  const result = await race;
  assert(!result.won);
  assertEquals(
    result.failed.map(({ candidate, durationMs }) => [candidate, durationMs]),
    [["fail@400", 400], ["fail@100", 100], ["fail@1", 1]],
  );
  assertEquals(clock.pending, 0);
});

Deno.test("an abort ends the race with its reason and stops what runs", async () => {
  const clock = new VirtualClock();
  const { plan, log } = contest(clock);
  const stop = new AbortController();
  const context = makeContext({ clock, signal: stop.signal });
  const race = raceAttempts(["hang", "hang", "hang"], plan, context);
  const reason = new Error("enough");
  await clock.advance(300);
  stop.abort(reason);
  assertStrictEquals(await assertRejects(() => race, Error), reason);
  assertEquals(log.filter((line) => line.includes("stop")).length, 2);
  assertEquals(clock.pending, 0);
});

Deno.test("an attempt that succeeds although it lost is closed", async () => {
  const clock = new VirtualClock();
  const discarded: string[] = [];
  const race = raceAttempts(["slow", "fast"], {
    // does not listen to its signal, as a connect that is just being completed
    attempt: (candidate) =>
      new Promise<string>((resolve) => {
        clock.timer(candidate === "slow" ? 270 : 10, () => resolve(candidate));
      }),
    discard: (late) => discarded.push(late),
  }, makeContext({ clock }));
  await clock.advance(attemptDelayMs + 100);
  assertEquals(await race, { won: true, value: "fast", candidate: "fast" });
  assertEquals(discarded, ["slow"]);
});

const host = fc.record({ host: fc.string(), family: fc.constantFrom<4 | 6>(4, 6) });

Deno.test("interleaving keeps every address, and the order within a family", () => {
  fc.assert(fc.property(fc.array(host), (hosts) => {
    const mixed = interleave(hosts);
    const of = (family: 4 | 6, list: readonly ResolvedHost[]) =>
      list.filter((one) => one.family === family);
    assertEquals(mixed.length, hosts.length);
    assertEquals(of(4, mixed), of(4, hosts));
    assertEquals(of(6, mixed), of(6, hosts));
    assertEquals(mixed[0], hosts[0]);
    const fewer = Math.min(of(4, hosts).length, of(6, hosts).length);
    for (let at = 1; at < 2 * fewer; at++) {
      assert(mixed[at]?.family !== mixed[at - 1]?.family, "families take turns");
    }
  }));
});
