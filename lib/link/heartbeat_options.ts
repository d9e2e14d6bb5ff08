/**
 * How life is looked for in a session, with the defaults.
 * @module
 */

import type { Detector } from "./detector.ts";
import type { PeerFacts } from "../wire/peer_facts.ts";

/** How a heartbeat is told; `parseHeartbeat` gives one. Times in milliseconds. */
export interface HeartbeatOptions {
  /** One sign of life in this time, sent and expected. */
  readonly everyMs: number;
  /** So many intervals in a row without any sign of life, and the peer is dead. */
  readonly misses: number;
  /** Added to the whole: a peer that starts slowly, a path with long gaps. Default 0. */
  readonly graceMs?: number;
  /**
   * "heartbeat": each side says by itself that it lives. "pingpong": this side asks and the other
   * one answers, with both clocks' times and what it says of itself.
   */
  readonly mode: "heartbeat" | "pingpong";
  /** Text for a foreign peer, sent every `everyMs`. Without it (and `expect`): framed, for plumbs. */
  readonly send?: Uint8Array;
  /** Lines of a foreign peer's heartbeat; without their line end. */
  readonly expect?: RegExp;
  /** Lines that match `expect` are taken out of the data; default true. */
  readonly strip?: boolean;
  /**
   * What notices death: "misses" (default) counts intervals; "adaptive" asks again, sooner, once an
   * answer is late by what round trips were like. Or one of your own.
   */
  readonly detector?: "misses" | "adaptive" | ((nowMs: number) => Detector);
  /** What this side says of itself in a PONG; default nothing. */
  readonly facts?: () => PeerFacts;
  /** Operation for errors: `connect`, `serve`; default "heartbeat". */
  readonly op?: string;
}

/** `--heartbeat` without a value for it. */
export const defaultEveryMs = 5_000;

/** A single lost packet is everyday, three in a row are not. */
export const defaultMisses = 3;
