/**
 * Ping-pong without I/O: requests and answers that carry both clocks' times and what the answerer
 * says of itself. Frames around them and the session below are others' (`pong_prober.ts`,
 * `service/pingpong.ts`, `keep_alive.ts`).
 * @module
 */

import type { PeerFacts } from "../wire/peer_facts.ts";
import { encodePong, type Ping, type Pong } from "../wire/pingpong.ts";
import { type ClockEstimate, ClockFilter, clockSample } from "./clock_filter.ts";

/** What one exchange says. */
export interface PingPongResult {
  /** Of the question. */
  readonly sequence: number;
  /** From asking to hearing the answer, by our monotonic clock (ms). */
  readonly roundTripMs: number;
  /** How long the peer took between question and answer, by its clock (ms). */
  readonly peerMs: number;
  /**
   * Time there, in milliseconds: one way cannot be measured by two clocks alone, so this rests on
   * the estimated offset, and is wrong by at most its error bound.
   */
  readonly thereMs: number;
  /** Time back, likewise. What it differs from the time there is the asymmetry of the ways. */
  readonly backMs: number;
  /** How far the clocks are apart, by the last eight exchanges. */
  readonly clock: ClockEstimate;
  /** What the peer says of itself, of each thing what it said last. */
  readonly peer: PeerFacts;
}

/** Requests whose answers are still taken; older ones are forgotten. */
const mostAsked = 4096;

/** The asking side of ping-pong. */
export class PingPong {
  readonly #filter = new ClockFilter();
  /** What it said of each thing last: who asks much at once is not told all of it each time. */
  #peer: PeerFacts = {};
  /** When each request left, by both clocks. */
  readonly #asked = new Map<number, { readonly sentUs: number; readonly sentMs: number }>();

  /**
   * Makes a request.
   *
   * @param nowMs our monotonic clock
   * @param wallUs our wall clock, in microseconds since 1970
   */
  ask(sequence: number, nowMs: number, wallUs: number): Ping {
    this.#asked.set(sequence, { sentUs: wallUs, sentMs: nowMs });
    if (this.#asked.size > mostAsked) {
      const oldest = this.#asked.keys().next();
      if (!oldest.done) this.#asked.delete(oldest.value);
    }
    return { sequence, sentUs: wallUs };
  }

  /**
   * Takes an answer.
   *
   * t4 is t1 and what passed since by the monotonic clock: a wall clock that is set in between
   * would be taken for a delay.
   *
   * @param nowMs our monotonic clock
   * @returns null for an answer to nothing that was asked, or that had its answer
   */
  heard(pong: Pong, nowMs: number): PingPongResult | null {
    const asked = this.#asked.get(pong.sequence);
    if (asked === undefined || asked.sentUs !== pong.sentUs) return null;
    this.#asked.delete(pong.sequence);
    const roundTripMs = Math.max(0, nowMs - asked.sentMs);
    const { sentUs: t1Us, receivedUs: t2Us, answeredUs: t3Us } = pong;
    const t4Us = t1Us + roundTripMs * 1000;
    this.#filter.add(clockSample({ t1Us, t2Us, t3Us, t4Us }, nowMs));
    const clock = this.#filter.estimate(nowMs);
    if (clock === null) return null; // one was added: there is an estimate
    this.#peer = { ...this.#peer, ...pong.facts };
    return {
      sequence: pong.sequence,
      roundTripMs,
      peerMs: (t3Us - t2Us) / 1000,
      thereMs: (t2Us - t1Us) / 1000 - clock.offsetMs,
      backMs: (t4Us - t3Us) / 1000 + clock.offsetMs,
      clock,
      peer: this.#peer,
    };
  }
}

/** What an answer is made of. */
export interface AnswerInit {
  /** When the request arrived, by our wall clock (us since 1970). */
  readonly receivedUs: number;
  /** Read last of all: when the answer leaves. */
  readonly wallUs: () => number;
  readonly facts: PeerFacts;
  /** Most bytes of the payload; default as many as there may be. */
  readonly room?: number;
}

/** The answer to a request, as the payload of a PONG. */
export function answerTo(ping: Ping, { receivedUs, wallUs, facts, room }: AnswerInit): Uint8Array {
  return encodePong({ ...ping, receivedUs, answeredUs: wallUs(), facts }, room);
}
