import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { VirtualClock } from "../../../lib/core/clock.ts";
import { type Context, makeContext, withSignal } from "../../../lib/core/context.ts";
import { NetError } from "../../../lib/core/error.ts";
import { defaultLimits } from "../../../lib/core/limits.ts";
import { askOnce } from "../../../lib/link/ask_once.ts";
import type { TargetSettings } from "../../../lib/link/watch.ts";
import { type Probe, type WatchEvent, Watching } from "../../../lib/link/watching.ts";

function target(name: string, given: Partial<TargetSettings> = {}): TargetSettings {
  const own = { name, address: `tcp://${name}:1`, mode: "connect" };
  return { ...own, everyMs: 1_000, timeoutMs: 300, misses: 2, rises: 1, ...given };
}

const never = new Promise<number>(() => {});
const refused = () =>
  new NetError({ kind: "refused", op: "connect", message: "no", code: "EX", blame: "remote" });

function begin(names: readonly string[], probe: Probe, options = {}, given: Partial<Context> = {}) {
  const clock = new VirtualClock();
  const context = makeContext({ clock, ...given });
  const watching = new Watching(names.map((name) => target(name)), probe, options, context);
  const seen: WatchEvent[] = [];
  const reading = (async () => {
    for await (const event of watching) seen.push(event);
  })();
  const told = () =>
    seen.map((event) => event.event === "state" ? `${event.name} ${event.state}` : event.event);
  return { clock, watching, seen, told, reading };
}

Deno.test("what is probed comes out as events: at once, by promise, and as failures", async () => {
  const { clock, watching, told, reading } = begin(
    ["now", "later", "not", "thrown"],
    ({ name }) => {
      if (name === "now") return 1;
      if (name === "later") return Promise.resolve(2);
      if (name === "not") return Promise.reject(refused());
      throw refused();
    },
  );
  await clock.advance(100);
  assertEquals(told().sort(), ["later up", "not suspect", "now up", "thrown suspect"]);
  assertEquals([...watching.targets].at(2)?.reason, "no (EX)");
  await watching[Symbol.asyncDispose]();
  await reading;
  assertEquals(clock.pending, 0);
});

Deno.test("a probe that takes too long is cut, and counts as a miss", async () => {
  let cut: unknown;
  const { clock, watching } = begin(["slow"], (_target, { signal }) => {
    signal.addEventListener("abort", () => cut = signal.reason);
    return withSignal(signal, never);
  });
  await clock.advance(299);
  assertEquals(watching.underWay, 1);
  await clock.advance(20);
  assertEquals(watching.underWay, 0);
  assertEquals([...watching.targets][0]?.reason, "no answer within 300 ms");
  assert(cut instanceof NetError && cut.kind === "timeout");
  await watching[Symbol.asyncDispose]();
  assertEquals(clock.pending, 0);
});

Deno.test("a fault of this machine is told once, and not as the target's", async () => {
  const { clock, watching, told } = begin(["a"], () => {
    throw new NetError({ kind: "exhausted", op: "socket", message: "too many open files" });
  });
  await clock.advance(5_000);
  assertEquals([told(), watching.counts.unknown], [["a unknown"], 1]);
  assertEquals([...watching.targets][0]?.reason, "this machine: too many open files");
  await watching[Symbol.asyncDispose]();
});

Deno.test("ending cuts what is under way, and waits for it", async () => {
  let closed = false;
  const { clock, watching, reading } = begin(["a"], async (_target, { signal }) => {
    try {
      return await withSignal(signal, never);
    } finally {
      await Promise.resolve();
      closed = true;
    }
  });
  await clock.advance(10);
  await watching[Symbol.asyncDispose]();
  assert(closed);
  await reading;
  await watching[Symbol.asyncDispose]();
  watching.probeNow();
  watching.retarget([]);
  assertEquals(clock.pending, 0);
});

Deno.test("an aborted signal ends it, before the start too", async () => {
  const stop = new AbortController();
  const { clock, watching, reading } = begin(["a"], () => 1, {}, { signal: stop.signal });
  await clock.advance(10);
  stop.abort();
  await reading;
  await watching.done;
  assertEquals(clock.pending, 0);
  const late = new Watching([target("a")], () => 1, {}, makeContext({ signal: stop.signal }));
  await late.done;
  assertEquals(late.counts.unknown, 1);
});

Deno.test("after its rounds it ends by itself", async () => {
  const { clock, watching, told, reading } = begin(["a", "b"], ({ name }) => {
    if (name === "a") return 1;
    throw refused();
  }, { rounds: 2 });
  await clock.advance(5_000);
  await reading;
  await watching.done;
  assertEquals(told(), ["a up", "b suspect", "b down"]);
});

Deno.test("everything now, and other targets while it runs", async () => {
  const asked: string[] = [];
  const { clock, watching, told } = begin(["a", "b"], ({ name }) => {
    asked.push(name);
    return 1;
  });
  await clock.advance(20);
  watching.probeNow();
  assertEquals(asked, ["a", "b", "a", "b"]);
  watching.retarget([target("b"), target("c")]);
  await clock.advance(5);
  assertEquals(asked.slice(4), ["c"]);
  assertEquals(told(), ["a up", "b up", "targets", "c up"]);
  assertEquals(watching.generation, 2);
  await watching[Symbol.asyncDispose]();
});

Deno.test("thousands that are due at once leave the loop to others in between", async () => {
  const names = Array.from({ length: 1_000 }, (_, at) => `t${at}`);
  let probes = 0;
  const { clock, watching } = begin(names, () => ++probes);
  await clock.advance(3_000);
  probes = 0;
  watching.probeNow();
  assertEquals(probes, 128);
  await clock.advance(10);
  assert(probes >= 1_000);
  await watching[Symbol.asyncDispose]();
});

Deno.test("more targets than the limit are refused", () => {
  const limits = { ...defaultLimits, "watch-targets": 2 };
  const all = ["a", "b", "c"].map((name) => target(name));
  const error = assertThrows(
    () => new Watching(all, () => 1, {}, makeContext({ limits, clock: new VirtualClock() })),
    NetError,
    "watch-targets",
  );
  assertEquals(error.kind, "limit");
});

Deno.test("asking once: the answer, what fails it, and the signal", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const context = makeContext({ clock, signal: stop.signal });
  let disposed = 0;
  const prober = (probe: () => void) => ({
    probe,
    [Symbol.asyncDispose]: () => Promise.resolve(void disposed++),
  });
  const asked = askOnce((events) =>
    prober(() => {
      assert(events.isWaiting(1));
      clock.timer(7, () => events.answered(1));
    }), context);
  await clock.advance(10);
  assertEquals(await asked, 7);
  await assertRejects(
    () => askOnce((events) => prober(() => events.failed(1, refused())), context),
    NetError,
    "no",
  );
  const difference = { offset: 0, sent: 1, received: 2 };
  const differed = await assertRejects(
    () => askOnce((events) => prober(() => events.differed(1, difference)), context),
    NetError,
  );
  assertEquals(differed.kind, "result");
  const cut = askOnce(() => prober(() => {}), context);
  stop.abort(new Error("cut"));
  await assertRejects(() => cut, Error, "cut");
  assertEquals(disposed, 4);
});

Deno.test("the first look at targets that came later is told of each, however many they are", async () => {
  const clock = new VirtualClock();
  const most = defaultLimits["event-queue"];
  const watching = new Watching([target("a")], () => 1, {}, makeContext({ clock }));
  const events = watching[Symbol.asyncIterator]();
  await clock.advance(100);
  watching.retarget(Array.from({ length: 2 * most }, (_, at) => target(`b${at}`)));
  watching.probeNow();
  await clock.advance(1_000);
  await watching[Symbol.asyncDispose]();
  let up = 0;
  for await (const event of events) if (event.event === "state" && event.state === "up") up++;
  assertEquals([up, events.dropped], [1 + 2 * most, 0]);
});
