/**
 * Detectors played against a peer, on virtual time and from a seed: how soon each notices that the
 * peer died, and how often it calls a living one dead.
 * @module
 */

import type { Detector } from "../../lib/link/detector.ts";

/** What the way between two peers is like. Times in milliseconds. */
export interface Way {
  readonly name: string;
  /** One way, at least. */
  readonly latencyMs: number;
  /** Added to it: exponential, with this mean. */
  readonly jitterMs: number;
  /** Share of packets that are lost one by one. */
  readonly loss?: number;
  /** Outages in which all is lost: mean time between them, and mean length (exponential). */
  readonly outages?: { readonly everyMs: number; readonly meanMs: number };
  /** Queues that fill to this delay, over 20 s in every 100 s. */
  readonly loadMs?: number;
  /** A lost packet comes again after a timeout that doubles (TCP), and holds up those behind it. */
  readonly isStream: boolean;
}

/** What came of it. */
export interface PlayResult {
  /** Living peers that were called dead, in an hour. */
  readonly falsePerHour: number;
  /** From death to verdict: median and worst, in intervals. */
  readonly medianIntervals: number;
  readonly worstIntervals: number;
}

/** xorshift32, as numbers from 0 to 1. */
function seeded(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Delays of packets in one direction, in the order in which they are sent. */
class Path {
  readonly #way: Way;
  readonly #random: () => number;
  /** A life does not begin where the queues do. */
  readonly #phaseMs: number;
  #outageAt: number;
  #outageEnd = 0;
  #lastArrival = 0;

  constructor(way: Way, random: () => number) {
    this.#way = way;
    this.#random = random;
    this.#phaseMs = 100_000 * random();
    this.#outageAt = this.#exponential(way.outages?.everyMs ?? Infinity);
  }

  /** When what is sent now arrives, or null. */
  arrival(nowMs: number): number | null {
    const { isStream } = this.#way;
    let sentMs = nowMs;
    for (let timeoutMs = 200; this.#isLost(sentMs); timeoutMs *= 2) {
      if (!isStream || timeoutMs > 60_000) return null;
      sentMs += timeoutMs;
    }
    const atMs = sentMs + this.#way.latencyMs + this.#exponential(this.#way.jitterMs) +
      this.#queueMs(sentMs);
    if (!isStream) return atMs;
    return this.#lastArrival = Math.max(this.#lastArrival, atMs);
  }

  #queueMs(nowMs: number): number {
    const { loadMs = 0 } = this.#way;
    const phase = ((nowMs + this.#phaseMs) % 100_000) / 20_000;
    return phase < 1 ? loadMs * Math.sin(phase * Math.PI) : 0;
  }

  #isLost(nowMs: number): boolean {
    const { outages, loss = 0 } = this.#way;
    while (outages !== undefined && nowMs >= this.#outageAt) {
      this.#outageEnd = this.#outageAt + this.#exponential(outages.meanMs);
      this.#outageAt = this.#outageEnd + this.#exponential(outages.everyMs);
    }
    return nowMs < this.#outageEnd || this.#random() < loss;
  }

  #exponential(mean: number): number {
    return mean === Infinity ? Infinity : -Math.log(1 - this.#random()) * mean;
  }
}

/** One life of a peer. @returns when it was called dead, or null where it was still alive at the end */
function live(
  make: (nowMs: number) => Detector,
  way: Way,
  { everyMs, diesMs, endMs, seed }: {
    readonly everyMs: number;
    readonly diesMs: number;
    readonly endMs: number;
    readonly seed: number;
  },
): number | null {
  const random = seeded(seed);
  const there = new Path(way, random);
  const back = new Path(way, random);
  const detector = make(0);
  detector.reset(0);
  /** What is on its way to us: a beat, or the answer to a question. */
  const coming: { atMs: number; askedMs: number | null }[] = [];
  const put = (atMs: number, askedMs: number | null) => {
    coming.push({ atMs, askedMs });
    coming.sort((a, b) => a.atMs - b.atMs);
  };
  const ask = (nowMs: number) => {
    const heardMs = there.arrival(nowMs);
    if (heardMs === null || heardMs >= diesMs) return;
    const answeredMs = back.arrival(heardMs);
    if (answeredMs !== null) put(answeredMs, nowMs);
  };
  let deadline = detector.deadlineMs ?? Infinity;
  for (let beatMs = everyMs;;) {
    const next = coming[0]?.atMs ?? Infinity;
    const nowMs = Math.min(beatMs, next, deadline);
    if (nowMs >= endMs) return null;
    if (nowMs === beatMs) {
      ask(nowMs); // every beat is a question: the detector that learns from round trips wants it
      beatMs += everyMs;
      continue;
    }
    if (nowMs === next) {
      const { askedMs } = coming.shift() ?? { askedMs: null };
      detector.heard(nowMs);
      if (askedMs !== null) detector.roundTrip?.(nowMs - askedMs, nowMs);
    } else {
      const verdict = detector.verdict(nowMs);
      if (verdict === "dead") return nowMs;
      if (verdict === "suspect") ask(nowMs);
    }
    deadline = Math.max(nowMs + 1, detector.deadlineMs ?? Infinity);
  }
}

/** Plays a detector on one way. */
export function playDetector(
  make: (nowMs: number) => Detector,
  way: Way,
  { everyMs, lives, hours, seed }: {
    readonly everyMs: number;
    /** Peers that die. */
    readonly lives: number;
    /** Hours of a peer that does not. */
    readonly hours: number;
    readonly seed: number;
  },
): PlayResult {
  const random = seeded(seed);
  const delays: number[] = [];
  for (let one = 0; one < lives; one++) {
    const diesMs = everyMs * (20 + 20 * random());
    const life = { everyMs, diesMs, endMs: diesMs + 100 * everyMs, seed: seed + one + 1 };
    const calledMs = live(make, way, life);
    if (calledMs !== null && calledMs >= diesMs) delays.push((calledMs - diesMs) / everyMs);
  }
  delays.sort((a, b) => a - b);
  const spanMs = hours * 3_600_000;
  let wrong = 0;
  for (let fromMs = 0; fromMs < spanMs;) {
    const life = { everyMs, diesMs: Infinity, endMs: spanMs - fromMs, seed: seed * 7 + wrong };
    const calledMs = live(make, way, life);
    if (calledMs === null) break;
    wrong++;
    fromMs += calledMs;
  }
  return {
    falsePerHour: wrong / hours,
    medianIntervals: delays[delays.length >> 1] ?? NaN,
    worstIntervals: delays.at(-1) ?? NaN,
  };
}

/** Ways from calm to bad; latencies as on the internet, every 1 s as on the command line. */
export const ways: readonly Way[] = [
  { name: "calm datagrams", latencyMs: 10, jitterMs: 2, isStream: false },
  { name: "jitter", latencyMs: 25, jitterMs: 60, isStream: false },
  { name: "5% loss", latencyMs: 25, jitterMs: 10, loss: 0.05, isStream: false },
  { name: "5% loss, stream", latencyMs: 25, jitterMs: 10, loss: 0.05, isStream: true },
  {
    name: "outages of 1 s",
    latencyMs: 25,
    jitterMs: 10,
    outages: { everyMs: 60_000, meanMs: 1_000 },
    isStream: false,
  },
  {
    name: "outages, stream",
    latencyMs: 25,
    jitterMs: 10,
    outages: { everyMs: 60_000, meanMs: 1_000 },
    isStream: true,
  },
  { name: "load of 2 s", latencyMs: 25, jitterMs: 10, loadMs: 2_000, isStream: true },
];
