import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NetError } from "../../../lib/core/error.ts";
import { type TargetSettings, type TargetStatus, WatchMachine } from "../../../lib/link/watch.ts";
import type { ProbeOutcome } from "../../../lib/link/watch_standing.ts";
import { uniform } from "../../support/uniform.ts";

const ok: ProbeOutcome = { ok: true, roundTripMs: 2 };
const miss: ProbeOutcome = { ok: false, reason: "refused", blame: "remote" };

function target(name: string, given: Partial<TargetSettings> = {}): TargetSettings {
  const own = { name, address: `tcp://${name}:1`, mode: "connect" };
  return { ...own, everyMs: 1_000, timeoutMs: 500, misses: 2, rises: 1, ...given };
}

function started(targets: readonly TargetSettings[], options = {}): WatchMachine {
  const machine = new WatchMachine({ random: uniform(7), ...options });
  machine.retarget(targets, 0, 1_000_000);
  return machine;
}

/** Takes out all that is due. */
function due(machine: WatchMachine, nowMs: number): TargetStatus[] {
  const taken: TargetStatus[] = [];
  for (let one = machine.next(nowMs); one !== null; one = machine.next(nowMs)) taken.push(one);
  return taken;
}

Deno.test("an outcome that changes a state is told, with what it was and for how long", () => {
  const machine = started([target("db")]);
  const [db] = due(machine, 0);
  assert(db !== undefined);
  assertEquals(machine.counts, { unknown: 1, up: 0, suspect: 0, down: 0 });
  const change = machine.ended(db, ok, 5, 1_000_005);
  assertEquals(change, {
    event: "state",
    name: "db",
    address: "tcp://db:1",
    state: "up",
    previous: "unknown",
    reason: "",
    roundTripMs: 2,
    previousMs: 5,
    timeMs: 1_000_005,
  });
  assertEquals(machine.counts, { unknown: 0, up: 1, suspect: 0, down: 0 });
  assertEquals([db.probes, db.failures, db.history()], [1, 0, [2]]);
  const nextMs = machine.deadlineMs ?? 0;
  assertEquals(due(machine, nextMs), [db]);
  assertEquals(machine.ended(db, miss, nextMs, 1_001_000)?.state, "suspect");
  assertEquals([db.probes, db.failures, db.roundTripMs, db.history()], [2, 1, 2, [2, null]]);
});

Deno.test("no more probes are under way than allowed, and those that wait come in their order", () => {
  const machine = started(["a", "b", "c", "d"].map((name) => target(name)), { concurrency: 2 });
  const first = due(machine, 100);
  assertEquals(first.map(({ settings }) => settings.name), ["a", "b"]);
  assertEquals(machine.deadlineMs, null, "it waits for an outcome, and not for a time");
  assert(first[0] !== undefined);
  machine.ended(first[0], ok, 120, 0);
  assertEquals(due(machine, 120).map(({ settings }) => settings.name), ["c"]);
  assertEquals(machine.underWay, 2);
});

Deno.test("an outcome counts once", () => {
  const machine = started([target("a")]);
  const [a] = due(machine, 0);
  assert(a !== undefined);
  machine.ended(a, miss, 1, 0);
  machine.ended(a, miss, 1, 0);
  assertEquals([a.probes, a.state, machine.underWay], [1, "suspect", 0]);
});

Deno.test("targets that stay keep what is known of them, others are forgotten", () => {
  const machine = started([target("a"), target("b"), target("c")]);
  const all = due(machine, 10);
  for (const one of all) machine.ended(one, ok, 10, 0);
  const moved = target("b", { address: "tcp://elsewhere:1" });
  machine.retarget([target("d"), moved, target("a", { everyMs: 50 })], 20, 0);
  const shown = [...machine.targets].map(({ settings, state }) => `${settings.name} ${state}`);
  assertEquals(shown, ["d unknown", "b unknown", "a up"]);
  assertEquals(machine.counts, { unknown: 2, up: 1, suspect: 0, down: 0 });
  const next = due(machine, 90).map(({ settings }) => settings.name).sort();
  assertEquals(next, ["a", "b", "d"], "the new interval holds at once");
});

Deno.test("the outcome of a target that was forgotten changes nothing", () => {
  const machine = started([target("a"), target("b")]);
  const [a] = due(machine, 10);
  assert(a !== undefined);
  machine.retarget([target("b")], 10, 0);
  assertEquals(machine.ended(a, ok, 20, 0), null);
  assertEquals(machine.counts, { unknown: 1, up: 0, suspect: 0, down: 0 });
  assertEquals(machine.underWay, 1, "b, which was taken too");
});

Deno.test("two targets of one name are refused, and nothing changes", () => {
  const machine = started([target("a")]);
  const twice = [target("b"), target("b", { address: "tcp://c:1" })];
  const error = assertThrows(() => machine.retarget(twice, 0, 0), NetError, "called b");
  assertEquals(error.kind, "usage");
  assertEquals([...machine.targets].length, 1);
});

Deno.test("after its rounds a target rests, and the watch is finished with the last", () => {
  const machine = started([target("a"), target("b")], { rounds: 2 });
  let nowMs = 0;
  for (let probe = 0; probe < 4; probe++) {
    assert(!machine.isFinished);
    nowMs = Math.max(nowMs, machine.deadlineMs ?? nowMs);
    const one = machine.next(nowMs);
    assert(one !== null);
    machine.ended(one, ok, nowMs, 0);
  }
  assert(machine.isFinished);
  assertEquals(machine.deadlineMs, null);
});

Deno.test("without rounds it is never finished, also without a target", () => {
  const machine = started([]);
  assertEquals([machine.isFinished, machine.deadlineMs], [false, null]);
});

Deno.test("everything now: who is under way is not probed twice at a time", () => {
  const machine = started([target("a"), target("b")]);
  const [a] = due(machine, 0);
  machine.probeAll(0);
  const rest = due(machine, 0);
  assertEquals([a?.settings.name, rest.map(({ settings }) => settings.name)], ["a", ["b"]]);
});

/** A world in which every target answers after its own time, or not at all. */
interface World {
  readonly targets: readonly { readonly everyMs: number; readonly takesMs: number }[];
  readonly concurrency: number;
  readonly seed: number;
}

const world: fc.Arbitrary<World> = fc.record({
  targets: fc.array(
    fc.record({
      everyMs: fc.integer({ min: 20, max: 500 }),
      takesMs: fc.integer({ min: 0, max: 60 }),
    }),
    { minLength: 1, maxLength: 30 },
  ),
  concurrency: fc.integer({ min: 1, max: 30 }),
  seed: fc.integer(),
});

Deno.test("played on virtual time: bounds hold, counts agree, nobody is left out", () => {
  fc.assert(
    fc.property(world, ({ targets, concurrency, seed }) => {
      const takes = new Map(targets.map(({ takesMs }, at) => [`t${at}`, takesMs]));
      const settings = targets.map(({ everyMs }, at) => target(`t${at}`, { everyMs }));
      const random = uniform(seed);
      const machine = new WatchMachine({ concurrency, random });
      machine.retarget(settings, 0, 0);
      const running: { endMs: number; one: TargetStatus }[] = [];
      let revision = machine.revision;
      for (let nowMs = 0; nowMs < 3_000; nowMs++) {
        for (const { endMs, one } of running.filter(({ endMs }) => endMs <= nowMs)) {
          running.splice(running.findIndex((entry) => entry.one === one), 1);
          machine.ended(one, random() < 0.8 ? ok : miss, nowMs, nowMs);
          assert(endMs <= nowMs && machine.revision > revision);
          revision = machine.revision;
        }
        for (const one of due(machine, nowMs)) {
          assert(!running.some((entry) => entry.one === one), "probed twice at a time");
          running.push({ endMs: nowMs + (takes.get(one.settings.name) ?? 0), one });
        }
        assert(running.length <= concurrency);
        assertEquals(machine.underWay, running.length);
      }
      const states = [...machine.targets].map(({ state }) => state);
      for (const [state, count] of Object.entries(machine.counts)) {
        assertEquals(count, states.filter((one) => one === state).length);
      }
      // Unless there is no room at all for it: slow ones at a small bound take all of the time.
      const load = targets.reduce((sum, { takesMs, everyMs }) => sum + takesMs / everyMs, 0);
      if (load > concurrency * 0.5) return;
      for (const one of machine.targets) {
        // The next is planned when one has ended, half an interval away at least.
        const { name, everyMs } = one.settings;
        const fair = 3_000 / (everyMs + (takes.get(name) ?? 0));
        assert(one.probes >= fair * 0.4 - 2, `${one.probes} probes, ${fair} would be fair`);
      }
    }),
    { numRuns: 40 },
  );
});
