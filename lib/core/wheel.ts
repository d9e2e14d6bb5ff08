/**
 * Any number of deadlines on one timer of a clock. Ten thousand sessions with an idle limit would
 * otherwise set and clear a timer of the runtime for every chunk that moves.
 *
 * Inside is a heap and not a ring of slots: deadlines are exact (virtual time depends on it), and
 * nothing ticks while nothing is due.
 * @module
 */

import type { Clock, Timer } from "./clock.ts";

/** What a `watch` looks at. */
export interface Watched {
  /** Monotonic time of the last sign of life, in milliseconds; read only when a deadline comes. */
  lastActivityMs(): number;
  /** Called once, when nothing was seen for the whole delay. */
  expire(): void;
}

/** One deadline; `index` is its place in the heap, -1 once it is over. */
interface Entry {
  atMs: number;
  index: number;
  /** Serial number: of equal deadlines the one that was set first comes first. */
  readonly order: number;
  /** @returns the next deadline in milliseconds, or null when it is over */
  readonly due: (nowMs: number) => number | null;
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

const shared = new WeakMap<Clock, TimerWheel>();

/**
 * Deadlines that share one timer. Nothing keeps it, or the process, alive once all are over.
 *
 * @example
 * ```ts
 * import { realClock, TimerWheel } from "@plumb/plumb";
 *
 * const wheel = TimerWheel.of(realClock);
 * let last = realClock.now();
 * const idle = wheel.watch(30_000, { lastActivityMs: () => last, expire: () => {} });
 * last = realClock.now(); // moves the deadline, and costs nothing
 * idle.cancel();
 * ```
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #heap: Entry[] = [];
  #order = 0;
  #timer: Timer | undefined;
  /** When the clock's timer fires; Infinity while there is none. */
  #armedMs = Infinity;

  /** A wheel of its own; `TimerWheel.of` gives the shared one. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The wheel that everything on this clock shares; it lives as long as the clock. */
  static of(clock: Clock): TimerWheel {
    let wheel = shared.get(clock);
    if (wheel === undefined) shared.set(clock, wheel = new TimerWheel(clock));
    return wheel;
  }

  /** How many deadlines wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** Calls `then` once, after at least `delayMs` milliseconds. */
  timer(delayMs: number, then: () => void): Timer {
    return this.#add(this.#clock.now() + Math.max(0, delayMs), () => {
      then();
      return null;
    });
  }

  /**
   * Calls `expire` once `delayMs` milliseconds have passed since the last activity. Activity moves
   * the deadline without a call: it is looked up when the old deadline comes, and not before.
   */
  watch(delayMs: number, watched: Watched): Timer {
    return this.#add(watched.lastActivityMs() + delayMs, (nowMs) => {
      const dueMs = watched.lastActivityMs() + delayMs;
      if (dueMs > nowMs) return dueMs;
      watched.expire();
      return null;
    });
  }

  #add(atMs: number, due: Entry["due"]): Timer {
    const entry: Entry = { atMs, index: this.#heap.length, order: this.#order++, due };
    this.#heap.push(entry);
    this.#rise(entry);
    this.#arm();
    return { cancel: () => this.#cancel(entry) };
  }

  #cancel(entry: Entry): void {
    if (entry.index < 0) return;
    this.#remove(entry);
    // An armed timer that is too early only wakes the wheel once in vain: cheaper than setting
    // it anew for every session that ends.
    if (this.#heap.length === 0) this.#disarm();
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.atMs >= this.#armedMs) return;
    this.#timer?.cancel();
    this.#armedMs = first.atMs;
    this.#timer = this.#clock.timer(first.atMs - this.#clock.now(), () => this.#wake());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedMs = Infinity;
  }

  #wake(): void {
    this.#disarm();
    const nowMs = this.#clock.now();
    try {
      for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
        if (first.atMs > nowMs) break;
        this.#remove(first);
        const nextMs = first.due(nowMs);
        if (nextMs === null) continue;
        first.atMs = nextMs;
        first.index = this.#heap.push(first) - 1;
        this.#rise(first);
      }
    } finally {
      // Also when a callback throws: its bug must not silence the deadlines of others.
      this.#arm();
    }
  }

  #remove(entry: Entry): void {
    const at = entry.index;
    entry.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    this.#place(last, at);
    this.#rise(last);
    this.#sink(last);
  }

  #place(entry: Entry, at: number): void {
    this.#heap[at] = entry;
    entry.index = at;
  }

  #rise(entry: Entry): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1];
      if (parent === undefined || isBefore(parent, entry)) return;
      const at = parent.index;
      this.#place(parent, entry.index);
      this.#place(entry, at);
    }
  }

  #sink(entry: Entry): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1];
      const right = this.#heap[2 * entry.index + 2];
      const child = right !== undefined && left !== undefined && isBefore(right, left)
        ? right
        : left;
      if (child === undefined || isBefore(entry, child)) return;
      const at = child.index;
      this.#place(child, entry.index);
      this.#place(entry, at);
    }
  }
}
