/**
 * Requests that wait for their answers, as a machine without I/O: which are answered, late, doubled
 * or lost.
 * @module
 */

/** What an answer was. */
export type AnswerKind =
  /** To a request that waited for it. */
  | { readonly kind: "answer"; readonly roundTripMs: number }
  /** To one that had been given up. */
  | { readonly kind: "late"; readonly roundTripMs: number }
  /** To one that had its answer; or to one so old that nothing is known of it any more. */
  | { readonly kind: "duplicate" }
  /** To none that was sent. */
  | { readonly kind: "unknown" };

/** Requests that were given up and are still known, so that a late answer can be told as one. */
const rememberedLost = 1024;

/** Keeps track of requests by their numbers, which count up from 1. */
export class PendingProbes {
  readonly #timeoutMs: number;
  /** When each was sent, in the order of sending. */
  readonly #waiting = new Map<number, number>();
  readonly #lost = new Map<number, number>();
  #last = 0;

  /** @param timeoutMs when a request counts as lost; all have the same, so they expire in order */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** How many wait for an answer. */
  get size(): number {
    return this.#waiting.size;
  }

  /** The one that waits longest, or null. */
  get oldest(): number | null {
    const first = this.#waiting.keys().next();
    return first.done ? null : first.value;
  }

  /** When the next one is lost, or null where none waits. */
  get deadlineMs(): number | null {
    const first = this.#waiting.values().next();
    return first.done ? null : first.value + this.#timeoutMs;
  }

  /** True while a request waits for its answer. */
  isWaiting(sequence: number): boolean {
    return this.#waiting.has(sequence);
  }

  /** A request is sent now. @returns its number */
  sent(nowMs: number): number {
    this.#waiting.set(++this.#last, nowMs);
    return this.#last;
  }

  /** An answer has come. */
  answered(sequence: number, nowMs: number): AnswerKind {
    const sentMs = this.#waiting.get(sequence);
    if (sentMs !== undefined) {
      this.#waiting.delete(sequence);
      return { kind: "answer", roundTripMs: nowMs - sentMs };
    }
    const lostMs = this.#lost.get(sequence);
    if (lostMs !== undefined) {
      this.#lost.delete(sequence);
      return { kind: "late", roundTripMs: nowMs - lostMs };
    }
    const wasSent = sequence >= 1 && sequence <= this.#last;
    return { kind: wasSent ? "duplicate" : "unknown" };
  }

  /** One will get no answer, as is known already. @returns false where it did not wait */
  failed(sequence: number): boolean {
    return this.#waiting.delete(sequence);
  }

  /** Gives up all that wait. @returns their numbers, in order */
  giveUp(): readonly number[] {
    const waiting = [...this.#waiting.keys()];
    this.#waiting.clear();
    return waiting;
  }

  /** Gives up those whose time has come. @returns their numbers, in order */
  expire(nowMs: number): readonly number[] {
    const expired: number[] = [];
    for (const [sequence, sentMs] of this.#waiting) {
      if (sentMs + this.#timeoutMs > nowMs) break;
      this.#waiting.delete(sequence);
      this.#lost.set(sequence, sentMs);
      expired.push(sequence);
    }
    for (const oldest of this.#lost.keys()) {
      if (this.#lost.size <= rememberedLost) break;
      this.#lost.delete(oldest);
    }
    return expired;
  }
}
