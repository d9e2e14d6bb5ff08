/**
 * Questions and answers of a framed heartbeat, as payloads: both sides of `pingpong.ts`.
 * @module
 */

import { type Clock, wallMicroseconds } from "../core/clock.ts";
import type { PeerFacts } from "../wire/peer_facts.ts";
import { decodePing, decodePong, encodePing } from "../wire/pingpong.ts";
import { answerTo, PingPong, type PingPongResult } from "./pingpong.ts";

/** What one session asks, and how it answers. */
export class Questions {
  /** True where each sign of life is a question, too. */
  readonly isAsking: boolean;
  readonly #clock: Clock;
  readonly #facts: (() => PeerFacts) | undefined;
  /** Made with the first question: most sessions never ask. */
  #pingPong: PingPong | undefined;
  #sequence = 0;

  constructor(clock: Clock, isAsking: boolean, facts: (() => PeerFacts) | undefined) {
    this.#clock = clock;
    this.isAsking = isAsking;
    this.#facts = facts;
  }

  /** The payload of a PING. @param bytes its length, padding included */
  ask(nowMs: number, bytes: number): Uint8Array {
    this.#pingPong ??= new PingPong();
    this.#sequence = (this.#sequence + 1) >>> 0;
    return encodePing(
      this.#pingPong.ask(this.#sequence, nowMs, wallMicroseconds(this.#clock)),
      bytes,
    );
  }

  /** The payload of the PONG to a PING. @param room most bytes of it; default as many as there may be */
  answer(payload: Uint8Array, room?: number): Uint8Array {
    const receivedUs = wallMicroseconds(this.#clock);
    return answerTo(decodePing(payload), {
      receivedUs,
      wallUs: () => wallMicroseconds(this.#clock),
      facts: this.#facts?.() ?? {},
      ...(room === undefined ? {} : { room }),
    });
  }

  /** Takes the payload of a PONG. @returns null for an answer to nothing that was asked */
  heard(payload: Uint8Array, nowMs: number): PingPongResult | null {
    return this.#pingPong?.heard(decodePong(payload), nowMs) ?? null;
  }
}
