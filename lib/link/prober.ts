/**
 * What a way to measure round trips is: it sends numbered requests and says what came of them.
 * When to send, and what counts as lost, is decided elsewhere (`ping_run.ts`).
 * @module
 */

import type { NetError } from "../core/error.ts";
import type { PeerFacts } from "../wire/peer_facts.ts";
import type { ClockEstimate } from "./clock_filter.ts";

export type { PeerFacts };

/** What a ping-pong peer says besides being there. */
export interface PongDetail {
  /** How long the peer took between question and answer, by its clock (ms). */
  readonly peerMs: number;
  /** Time there alone, in milliseconds: it rests on the estimated offset of the clocks. */
  readonly thereMs: number;
  /** What it differs from `thereMs` is the asymmetry of the two ways. */
  readonly backMs: number;
  /** How far the clocks are apart, by the last eight exchanges. */
  readonly clock: ClockEstimate;
  /** What the peer says of itself. */
  readonly peer: PeerFacts;
}

/** The first byte of an echo that is not what was sent. */
export interface EchoDifference {
  /** Offset in the message. */
  readonly offset: number;
  /** The byte that was sent there, or null where the message had ended. */
  readonly sent: number | null;
  /** The byte that came back, or null where the echo had ended. */
  readonly received: number | null;
}

/** Takes what comes of requests. Called at the very moment: times are read there. */
export interface ProbeEvents {
  /** Whether a request still waits; one that does not need not be sent any more. */
  isWaiting(sequence: number): boolean;
  /** An answer came. */
  answered(sequence: number, detail?: PongDetail): void;
  /** This one gets no answer, and it is known why. */
  failed(sequence: number, error: NetError): void;
  /** The network said that a request did not arrive, and not which one: the oldest, most likely. */
  unreached(error: NetError): void;
  /**
   * An answer came back changed; `sequence` is what it claims to be an answer to, or null where it
   * claims nothing that can be.
   */
  differed(sequence: number | null, difference: EchoDifference): void;
  /** No more answers can come. Called at most once. */
  ended(error: NetError): void;
}

/** A way to measure round trips; disposing closes what it opened and waits for it. */
export interface Prober extends AsyncDisposable {
  /** Sends a request. Never waits and never throws: what comes of it is said by events. */
  probe(sequence: number): void;
}

/** Makes a prober that says what happens to `events`. */
export type MakeProber = (events: ProbeEvents) => Prober;
