/**
 * Numbers of received messages -> what did not arrive, what came twice or late, for each sender.
 * Pure.
 * @module
 */

/** What is known of one sender. */
export interface SenderGaps {
  /** Messages with a number. */
  readonly received: number;
  /** Numbers that are missing between the first and the last. */
  readonly lost: number;
  /** Messages whose number had come before. */
  readonly duplicates: number;
  /** Messages that came after one with a higher number. */
  readonly reordered: number;
  /** How often the numbers began anew: the sender was started again. */
  readonly restarts: number;
  /** The first and the last number, of the current run; null before there is one. */
  readonly first: number | null;
  readonly last: number | null;
  /** Messages without a number. */
  readonly unnumbered: number;
}

/** How far back a number may come late and is still told from a duplicate. */
export const gapWindow = 4_096;

/**
 * The number of a message: what follows `n=`, or else the first number in it. Decimal, at most
 * fifteen digits, which are exact.
 */
export function sequenceOf(text: string): number | null {
  const digits = /(?:^|[^A-Za-z0-9_])n=(\d{1,15})(?!\d)/.exec(text)?.[1] ??
    /(?<!\d)\d{1,15}(?!\d)/.exec(text)?.[0];
  return digits === undefined ? null : Number(digits);
}

/**
 * Watches the numbers of one sender, in constant memory: of the last `gapWindow` numbers it knows
 * which came. What is older than that counts as the start of a new run.
 */
export class GapWatch {
  #received = 0;
  #duplicates = 0;
  #reordered = 0;
  #restarts = 0;
  #unnumbered = 0;
  /** Lost in runs that are over. */
  #lostBefore = 0;
  #first: number | null = null;
  #last = -1;
  /** Different numbers of this run. */
  #distinct = 0;
  /** Whether number n came, at n modulo the window. */
  readonly #seen = new Uint8Array(gapWindow);

  /** Takes the number of a message, null where it has none. */
  take(number: number | null): void {
    if (number === null) return void this.#unnumbered++;
    this.#received++;
    if (this.#first === null) return this.#begin(number);
    if (number > this.#last) return this.#advance(number);
    if (number <= this.#last - gapWindow || this.#isRestart(number)) return this.#restart(number);
    if (this.#seen[number % gapWindow] === 1) return void this.#duplicates++;
    this.#seen[number % gapWindow] = 1;
    this.#distinct++;
    this.#reordered++;
    // What came before the first was not lost, it was only late.
    this.#first = Math.min(this.#first, number);
  }

  /** What is known now. */
  report(): SenderGaps {
    return {
      received: this.#received,
      lost: this.#lostBefore + this.#missing(),
      duplicates: this.#duplicates,
      reordered: this.#reordered,
      restarts: this.#restarts,
      first: this.#first,
      last: this.#first === null ? null : this.#last,
      unnumbered: this.#unnumbered,
    };
  }

  #missing(): number {
    return this.#first === null ? 0 : this.#last - this.#first + 1 - this.#distinct;
  }

  #begin(number: number): void {
    this.#first = this.#last = number;
    this.#distinct = 1;
    this.#seen.fill(0);
    this.#seen[number % gapWindow] = 1;
  }

  #advance(number: number): void {
    if (number - this.#last >= gapWindow) this.#seen.fill(0);
    else for (let n = this.#last + 1; n < number; n++) this.#seen[n % gapWindow] = 0;
    this.#seen[number % gapWindow] = 1;
    this.#last = number;
    this.#distinct++;
  }

  /** Counting begins at 0 or 1: one of these that came before can only be a new run. */
  #isRestart(number: number): boolean {
    return number <= 1 && this.#last > 1 && this.#seen[number % gapWindow] === 1;
  }

  #restart(number: number): void {
    this.#restarts++;
    this.#lostBefore += this.#missing();
    this.#begin(number);
  }
}
