import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type ProbeOutcome, Standing, type TargetState } from "../../../lib/link/watch_standing.ts";

const ok: ProbeOutcome = { ok: true, roundTripMs: 1 };
const miss: ProbeOutcome = { ok: false, reason: "refused", blame: "remote" };
const fault: ProbeOutcome = { ok: false, reason: "no route", blame: "local" };
const letters: Readonly<Record<string, ProbeOutcome>> = { "+": ok, "-": miss, "!": fault };

/** The state after each outcome: `+` answered, `-` missed, `!` a fault of this machine. */
function states(outcomes: string, misses = 3, rises = 2): TargetState[] {
  const standing = new Standing();
  return [...outcomes].map((letter) => {
    standing.judge(letters[letter] ?? ok, { misses, rises });
    return standing.state;
  });
}

Deno.test("the first answer makes a target up, the first failure suspect", () => {
  assertEquals(states("+"), ["up"]);
  assertEquals(states("-"), ["suspect"]);
  assertEquals(states("-", 1), ["down"]);
});

Deno.test("failures in a row make it down, answers in a row up again", () => {
  assertEquals(states("+---++"), ["up", "suspect", "suspect", "down", "down", "up"]);
});

Deno.test("an answer between failures begins the count anew", () => {
  assertEquals(states("+--+--").at(-1), "suspect");
});

Deno.test("each fall doubles the answers that it takes, up to eight times", () => {
  const standing = new Standing();
  const damping = { misses: 1, rises: 2 };
  const needed: number[] = [];
  standing.judge(ok, damping);
  for (let fall = 0; fall < 6; fall++) {
    standing.judge(miss, damping);
    needed.push(standing.neededRises(damping));
    while (standing.state !== "up") standing.judge(ok, damping);
  }
  assertEquals(needed.slice(0, 3), [2, 4, 8]);
  assert(Math.max(...needed) <= 16);
});

Deno.test("twenty answers in a row forgive a fall", () => {
  const damping = { misses: 1, rises: 1 };
  const standing = new Standing();
  for (const outcome of [ok, miss, ok, miss]) standing.judge(outcome, damping);
  assertEquals(standing.neededRises(damping), 2);
  for (let answer = 0; answer < 20; answer++) standing.judge(ok, damping);
  standing.judge(miss, damping);
  assertEquals(standing.neededRises(damping), 2, "two falls, and one of them forgiven");
});

Deno.test("faults of this machine are not held against the target; then nothing is known", () => {
  assertEquals(states("+!!"), ["up", "up", "up"]);
  assertEquals(states("+!!!"), ["up", "up", "up", "unknown"]);
  assertEquals(states("+!!!+").at(-1), "up");
  assertEquals(states("!").at(-1), "unknown");
  assertEquals(states("---!!").at(-1), "down");
});

Deno.test("a fault of this machine at the very first probe is told, and later ones are not", () => {
  const standing = new Standing();
  const damping = { misses: 3, rises: 2 };
  const told = [fault, fault, ok, fault].map((outcome) => standing.judge(outcome, damping));
  assertEquals(told, ["unknown", null, "unknown", null]);
});

Deno.test("the reason says what is missing, or whose fault it is", () => {
  const standing = new Standing();
  const damping = { misses: 1, rises: 2 };
  const reasons = [fault, ok, miss, ok, ok].map((outcome) => {
    standing.judge(outcome, damping);
    return standing.reason;
  });
  assertEquals(reasons, [
    "this machine: no route",
    "",
    "refused",
    "answers again: 1 of 2",
    "",
  ]);
});

const outcomes = fc.array(fc.constantFrom(...Object.keys(letters)), { maxLength: 300 });
const damping = fc.record({
  misses: fc.integer({ min: 1, max: 5 }),
  rises: fc.integer({ min: 1, max: 4 }),
});

Deno.test("down takes so many misses in a row, and up from there so many answers", () => {
  fc.assert(fc.property(outcomes, damping, (all, { misses, rises }) => {
    const standing = new Standing();
    let bad = 0;
    let good = 0;
    let judged = 0;
    for (const letter of all) {
      const before = standing.state;
      bad = letter === "-" ? bad + 1 : letter === "+" ? 0 : bad;
      good = letter === "+" ? good + 1 : 0;
      const previous = standing.judge(letters[letter] ?? ok, { misses, rises });
      // The first outcome is told also where this machine could not even ask.
      const isFirst = ++judged === 1;
      assertEquals(previous, standing.state === before && !isFirst ? null : before);
      if (previous === null) continue;
      if (standing.state === "down") assert(bad >= misses);
      if (standing.state === "up" && before !== "unknown") assert(good >= rises);
    }
  }));
});

Deno.test("what flaps in a rhythm comes to rest, and says no more", () => {
  fc.assert(fc.property(fc.array(fc.boolean(), { minLength: 2, maxLength: 12 }), (pattern) => {
    fc.pre(pattern.includes(true) && pattern.includes(false));
    const standing = new Standing();
    const changes: number[] = [];
    for (let at = 0; at < 600; at++) {
      const outcome = pattern[at % pattern.length] ? ok : miss;
      if (standing.judge(outcome, { misses: 3, rises: 2 }) !== null) changes.push(at);
    }
    assert(changes.length <= 20 && (changes.at(-1) ?? 0) < 300, `${changes} of ${pattern}`);
  }));
});
