/**
 * Results of a ping -> what they come to.
 * @module
 */

import type { NetError } from "../core/error.ts";
import type { ClockEstimate } from "../link/clock_filter.ts";
import type { PingResult } from "../link/ping_run.ts";
import type { Histogram } from "../measure/histogram.ts";
import type { PeerFacts } from "../wire/peer_facts.ts";

/** Round trips in milliseconds; all 0 where nothing was received. */
export interface RoundTrips {
  /** The shortest, as it was. */
  readonly minMs: number;
  /** The 50th percentile; percentiles are within a thousandth of their value. */
  readonly medianMs: number;
  /** The arithmetic mean: a few long ones pull it far from what is usual. */
  readonly meanMs: number;
  /** Nine of ten are not above it. */
  readonly p90Ms: number;
  /** 99 of 100 are not above it. */
  readonly p99Ms: number;
  /** The longest, as it was. */
  readonly maxMs: number;
  /**
   * The mean of how much each round trip differs from the one before, in the order of arrival. It
   * is what RFC 3550 (section 6.4.1) smooths into its interarrival jitter, without the smoothing:
   * that takes scores of packets to settle, and most pings have four.
   */
  readonly jitterMs: number;
}

/** What a ping came to. */
export interface PingSummary extends RoundTrips {
  /** Requests whose fate is known: answered, lost or answered wrongly. */
  readonly sent: number;
  /** Requests that were answered in time. */
  readonly received: number;
  /** Requests that were not. */
  readonly lost: number;
  /** Lost of sent, from 0 to 1; 0 where nothing was sent. */
  readonly lossRatio: number;
  /** Requests that still waited when it was ended; they count nowhere else. */
  readonly waiting: number;
  /** Answers that came after their request was given up as lost. */
  readonly late: number;
  /** Second answers. */
  readonly duplicates: number;
  /** Echoes that differ from what was sent. */
  readonly different: number;
  /** From the first request on, in milliseconds. */
  readonly durationMs: number;
  /** Ping-pong: how far the clocks are apart. */
  readonly clock?: ClockEstimate;
  /** Ping-pong: what the peer said of itself last. */
  readonly peer?: PeerFacts;
  /** What ended it before its time. */
  readonly error?: NetError;
  /** Why the last lost request was lost, where that is known. */
  readonly lastLoss?: NetError;
}

/** Counts results as they come. */
export class PingTally {
  readonly #histogram: Histogram;
  #lost = 0;
  #late = 0;
  #duplicates = 0;
  #different = 0;
  /** Echoes that differ and whose request is known. */
  #spoiled = 0;
  #lastMs: number | undefined;
  #differencesMs = 0;
  #clock: ClockEstimate | undefined;
  #peer: PeerFacts | undefined;
  #lastLoss: NetError | undefined;

  /** @param histogram takes the round trips */
  constructor(histogram: Histogram) {
    this.#histogram = histogram;
  }

  /** Counts one result. */
  add(result: PingResult): void {
    switch (result.kind) {
      case "reply":
        this.#reply(result.roundTripMs);
        this.#clock = result.clock ?? this.#clock;
        this.#peer = result.peer ?? this.#peer;
        break;
      case "lost":
        this.#lost++;
        this.#lastLoss = result.error ?? this.#lastLoss;
        break;
      case "late":
        this.#late++;
        break;
      case "duplicate":
        this.#duplicates++;
        break;
      case "different":
        this.#different++;
        if (result.sequence !== null) this.#spoiled++;
    }
  }

  #reply(roundTripMs: number): void {
    if (this.#lastMs !== undefined) this.#differencesMs += Math.abs(roundTripMs - this.#lastMs);
    this.#lastMs = roundTripMs;
    this.#histogram.record(roundTripMs);
  }

  /** What it comes to so far. */
  summary(waiting: number, durationMs: number, error: NetError | null): PingSummary {
    const histogram = this.#histogram;
    const received = histogram.count;
    const sent = received + this.#lost + this.#spoiled;
    return {
      sent,
      received,
      lost: this.#lost,
      lossRatio: sent === 0 ? 0 : this.#lost / sent,
      waiting,
      late: this.#late,
      duplicates: this.#duplicates,
      different: this.#different,
      durationMs,
      minMs: histogram.minMs,
      medianMs: histogram.percentileMs(50),
      meanMs: histogram.meanMs,
      p90Ms: histogram.percentileMs(90),
      p99Ms: histogram.percentileMs(99),
      maxMs: histogram.maxMs,
      jitterMs: received < 2 ? 0 : this.#differencesMs / (received - 1),
      ...(this.#clock === undefined ? {} : { clock: this.#clock }),
      ...(this.#peer === undefined ? {} : { peer: this.#peer }),
      ...(error === null ? {} : { error }),
      ...(this.#lastLoss === undefined ? {} : { lastLoss: this.#lastLoss }),
    };
  }
}
