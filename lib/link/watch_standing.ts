/**
 * Where one watched target stands: outcomes of probes -> unknown, up, suspect, down.
 * @module
 */

/** How a target stands. */
export type TargetState = "unknown" | "up" | "suspect" | "down";

/** Every state, the one that wants to be looked at first in front. */
export const targetStates: readonly TargetState[] = ["down", "suspect", "unknown", "up"];

/** What came of one probe. */
export type ProbeOutcome =
  | { readonly ok: true; readonly roundTripMs: number }
  | {
    readonly ok: false;
    /** In words, for people: `connection refused (ECONNREFUSED)`. */
    readonly reason: string;
    /** "local": a fault of this machine (no descriptor, no route), which tells nothing of the peer. */
    readonly blame: "local" | "remote";
  };

/** How much it takes to change a state. */
export interface Damping {
  /** Failed probes in a row before a target is down; at least 1. */
  readonly misses: number;
  /** Answered probes in a row before it is up again; at least 1. */
  readonly rises: number;
}

/** Most doublings of `rises` for a target that keeps falling. */
const mostDoublings = 3;

/** Answered probes in a row that make up for one fall. */
const forgiving = 20;

/**
 * The standing of one target. The first answer makes it up: there was nothing to flap yet. From
 * then on one failure makes it suspect, `misses` in a row down, and only `rises` answers in a row
 * make it up again. Each time that it leaves "up" doubles how many (up to eight times as many), and
 * twenty answers in a row while it is up forgive one fall: a target that flaps comes to rest as
 * suspect or down, where it says so once, after the idea of RFC 2439 (route flap damping), but
 * counted in probes and not in decaying penalties, so that one can say what is missing.
 */
export class Standing {
  #state: TargetState = "unknown";
  #reason = "not probed yet";
  #isFresh = true;
  /** Failures, answers and faults of this machine, each in a row. */
  #bad = 0;
  #good = 0;
  #faults = 0;
  /** How often it left "up" and was not forgiven. */
  #falls = 0;

  /** How it stands. */
  get state(): TargetState {
    return this.#state;
  }

  /** Why, in words; "" where it is up and nothing is to be said. */
  get reason(): string {
    return this.#reason;
  }

  /** Answers in a row that it takes to be up again now. */
  neededRises({ rises }: Damping): number {
    return rises * 2 ** Math.min(Math.max(0, this.#falls - 1), mostDoublings);
  }

  /**
   * Takes the outcome of a probe.
   *
   * @returns the state before where there is something to tell, else null: it changed, or the very
   * first probe could not be made. A target that this machine can never ask (a mistyped interface,
   * no permission) would else never be heard of.
   */
  judge(outcome: ProbeOutcome, damping: Damping): TargetState | null {
    const before = this.#state;
    const isFirst = this.#isFresh;
    this.#isFresh = false;
    if (outcome.ok) this.#answered(damping);
    else if (outcome.blame === "local") this.#notProbed(outcome.reason, damping);
    else this.#missed(outcome.reason, damping);
    return this.#state === before && !isFirst ? null : before;
  }

  #answered(damping: Damping): void {
    this.#bad = this.#faults = 0;
    this.#good++;
    const needed = this.#state === "unknown" ? 1 : this.neededRises(damping);
    if (this.#state === "up") {
      if (this.#good % forgiving === 0 && this.#falls > 0) this.#falls--;
    } else if (this.#good >= needed) {
      this.#state = "up";
      this.#reason = "";
    } else {
      const flapping = this.#falls > 1 ? ", it was lost several times" : "";
      this.#reason = `answers again: ${this.#good} of ${needed}${flapping}`;
    }
  }

  #missed(reason: string, { misses }: Damping): void {
    this.#good = this.#faults = 0;
    this.#bad++;
    this.#reason = reason;
    if (this.#state === "up") this.#falls++;
    if (this.#bad >= misses) this.#state = "down";
    else if (this.#state !== "down") this.#state = "suspect";
  }

  /** After some of them nothing is known any more; what was known is kept until then. */
  #notProbed(reason: string, { misses }: Damping): void {
    this.#good = 0;
    this.#faults++;
    if (this.#state !== "unknown" && this.#faults < misses) return;
    this.#state = "unknown";
    this.#bad = 0;
    this.#reason = `this machine: ${reason}`;
  }
}
