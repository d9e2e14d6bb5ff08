/** When a peer counts as dead. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { adaptiveDetector } from "../../../lib/link/detector_adaptive.ts";
import { type Detector, missesDetector } from "../../../lib/link/detector.ts";
import { playDetector, ways } from "../../support/detector_play.ts";
import { PhiDetector } from "../../support/phi_detector.ts";

const usual = { everyMs: 1_000, misses: 3 };

/** Asks whenever it wants to be asked, until it is dead. @returns the times, and the verdicts */
function silence(detector: Detector): [number, string][] {
  const asked: [number, string][] = [];
  for (let atMs = detector.deadlineMs; atMs !== null; atMs = detector.deadlineMs) {
    asked.push([atMs, detector.verdict(atMs)]);
  }
  return asked;
}

Deno.test("misses: suspect after one interval and a half, dead after so many", () => {
  assertEquals(silence(missesDetector(usual, 100)), [[1_600, "suspect"], [3_100, "dead"]]);
  assertEquals(silence(missesDetector({ ...usual, graceMs: 500 }, 0)), [
    [2_000, "suspect"],
    [3_500, "dead"],
  ]);
  assertEquals(silence(missesDetector({ everyMs: 1_000, misses: 1 }, 0)), [[1_000, "dead"]]);
});

Deno.test("misses: any sign of life begins the count anew", () => {
  const detector = missesDetector(usual, 0);
  assertEquals(detector.verdict(1_600), "suspect");
  detector.heard(2_900);
  assertEquals(detector.verdict(2_901), "alive");
  assertEquals(detector.deadlineMs, 4_400);
  assertEquals(detector.verdict(5_899), "suspect");
  assertEquals(detector.verdict(5_900), "dead");
  // The dead stay dead: only a new connection begins anew.
  detector.heard(5_901);
  assertEquals([detector.verdict(5_902), detector.deadlineMs], ["dead", null]);
  detector.reset(6_000);
  assertEquals([detector.verdict(6_001), detector.deadlineMs], ["alive", 7_500]);
});

Deno.test("adaptive: without a round trip it waits interval by interval", () => {
  assertEquals(silence(adaptiveDetector(usual, 0)), [
    [2_000, "suspect"],
    [3_000, "suspect"],
    [4_000, "dead"],
  ]);
});

Deno.test("adaptive: asks again after the timeout of RFC 6298, doubled each time", () => {
  const detector = adaptiveDetector({ everyMs: 30_000, misses: 3 }, 0);
  detector.roundTrip?.(400, 0); // SRTT 400, RTTVAR 200: 1.2 s
  assertEquals(silence(detector), [
    [31_200, "suspect"],
    [32_400, "suspect"],
    [34_800, "suspect"],
    [39_600, "dead"],
  ]);
  const quick = adaptiveDetector({ everyMs: 30_000, misses: 2 }, 0);
  quick.roundTrip?.(10, 0); // never below 1 s
  assertEquals(silence(quick).map(([atMs]) => atMs), [31_000, 32_000, 34_000]);
});

Deno.test("both are never dead before an interval, nor later than one more than was said", () => {
  const time = fc.integer({ min: 1, max: 60_000 });
  fc.assert(fc.property(time, fc.integer({ min: 1, max: 10 }), fc.array(time), (
    everyMs,
    misses,
    roundTrips,
  ) => {
    for (const make of [missesDetector, adaptiveDetector]) {
      const detector = make({ everyMs, misses }, 0);
      for (const rttMs of roundTrips) detector.roundTrip?.(rttMs, 0);
      const deadMs = silence(detector).at(-1)?.[0] ?? Infinity;
      assert(deadMs >= everyMs && deadMs <= everyMs * (misses + 1), `${deadMs}`);
    }
  }));
});

Deno.test("played: the adaptive one is no more often wrong than phi accrual, on any way", () => {
  const play = { everyMs: 1_000, lives: 5, hours: 1, seed: 7 };
  for (const way of ways) {
    const adaptive = playDetector((now) => adaptiveDetector(usual, now), way, play);
    const phi = playDetector(() => new PhiDetector({ everyMs: 1_000, threshold: 8 }, 0), way, play);
    assert(adaptive.falsePerHour <= phi.falsePerHour, way.name);
  }
});

Deno.test("played: a busy stream is never called dead, and a dead peer is in time", () => {
  const play = { everyMs: 5_000, lives: 40, hours: 5, seed: 11 };
  for (const way of ways.filter(({ name }) => !name.startsWith("outages"))) {
    for (const make of [missesDetector, adaptiveDetector]) {
      const result = playDetector((now) => make({ everyMs: 5_000, misses: 3 }, now), way, play);
      if (way.isStream) assertEquals(result.falsePerHour, 0, way.name);
      // What is under way when it dies still arrives.
      assert(result.worstIntervals <= 4.5, `${way.name}: ${result.worstIntervals}`);
    }
  }
});
