/**
 * When a peer counts as dead, as machines without I/O: time is an argument, the next time to ask is
 * data.
 *
 * What is a sign of life is the caller's to know: any byte that came in, and progress of the
 * kernel's acknowledgements of data that was written. An acknowledged heartbeat of our own is none:
 * a kernel acknowledges for a program that hangs.
 * @module
 */

/** What is thought of a peer: heard in time, late, given up. */
export type Verdict = "alive" | "suspect" | "dead";

/** Looks for life. */
export interface Detector {
  /** Any inbound byte, or progress of acknowledged data. */
  heard(nowMs: number): void;
  /** A round trip was measured (ms); who does not learn from it has no use for it. */
  roundTrip?(rttMs: number, nowMs: number): void;
  /** What to think now. Asked at `deadlineMs`, "suspect" also means: ask the peer once more. */
  verdict(nowMs: number): Verdict;
  /** When to ask again (monotonic ms); null once dead. */
  readonly deadlineMs: number | null;
  /** Begins anew: a new connection. */
  reset(nowMs: number): void;
}

/** How many intervals may pass. */
export interface MissesOptions {
  /** Time between two signs of life (ms). */
  readonly everyMs: number;
  /** So many in a row without one are death. */
  readonly misses: number;
  /** Added to the whole (ms); default 0. */
  readonly graceMs?: number;
}

/**
 * Counts intervals without any sign of life: suspect after the first, dead after `misses` of them.
 *
 * Exact and simple to foretell, which is why it is the default: a peer that died is noticed
 * `everyMs * misses + graceMs` after its last sign of life, and never before.
 */
export function missesDetector(options: MissesOptions, nowMs: number): Detector {
  return new MissesDetector(options, nowMs);
}

class MissesDetector implements Detector {
  readonly #suspectMs: number;
  readonly #deadMs: number;
  #heardMs: number;
  #isSuspect = false;
  #isDead = false;

  constructor({ everyMs, misses, graceMs = 0 }: MissesOptions, nowMs: number) {
    this.#deadMs = everyMs * misses + graceMs;
    // The beat of a healthy peer is as long under way as the one before it, more or less: without
    // some slack every beat would be late half of the time.
    this.#suspectMs = Math.min(everyMs * 1.5 + graceMs, this.#deadMs);
    this.#heardMs = nowMs;
  }

  heard(nowMs: number): void {
    if (this.#isDead) return;
    this.#heardMs = nowMs;
    this.#isSuspect = false;
  }

  verdict(nowMs: number): Verdict {
    const silentMs = nowMs - this.#heardMs;
    if (silentMs >= this.#deadMs) this.#isDead = true;
    else if (silentMs >= this.#suspectMs) this.#isSuspect = true;
    return this.#isDead ? "dead" : this.#isSuspect ? "suspect" : "alive";
  }

  get deadlineMs(): number | null {
    if (this.#isDead) return null;
    return this.#heardMs + (this.#isSuspect ? this.#deadMs : this.#suspectMs);
  }

  reset(nowMs: number): void {
    this.#isDead = false;
    this.heard(nowMs);
  }
}
