/**
 * When each target is probed: a heap of due times. No clock and no timers.
 *
 * Each target has a phase of its own within its interval, and every probe of it a little jitter
 * around that phase: thousands of targets are an even stream of probes and stay one, while nothing
 * runs in step with what else happens at their side. (Jitter that adds up from probe to probe would
 * wander into bursts.)
 * @module
 */

/** What is scheduled. */
export interface Scheduled {
  /** Time between two probes (ms). */
  readonly everyMs: number;
}

/** One entry; belongs to the schedule. */
interface Slot<T> {
  readonly item: T;
  /** Time of some probe of the even stream; the others are whole intervals apart. */
  phaseMs: number;
  dueMs: number;
  /** Place in the heap; -1 while it is not in it. */
  index: number;
}

/** Share of the interval that a probe may be early or late. */
const jitterShare = 0.1;

/** The first look at everything goes no faster: a thousand probes a second. */
const firstGapMs = 1;

/** Due times of any number of items. */
export class Schedule<T extends Scheduled> {
  readonly #random: () => number;
  readonly #slots = new Map<T, Slot<T>>();
  readonly #heap: Slot<T>[] = [];

  /** @param random uniform in 0 .. 1; tests give their own */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** When the first item is due, or null where none waits. */
  get deadlineMs(): number | null {
    return this.#heap[0]?.dueMs ?? null;
  }

  /**
   * Adds items: their first probes follow each other at once, evenly, and no faster than the
   * intervals allow later; their phases are spread over the whole interval.
   */
  add(items: readonly T[], nowMs: number): void {
    items.forEach((item, at) => {
      const share = at / items.length;
      const gapMs = Math.min(firstGapMs, item.everyMs / items.length);
      const dueMs = nowMs + at * gapMs;
      const slot = { item, phaseMs: nowMs + share * item.everyMs, dueMs, index: -1 };
      this.#slots.set(item, slot);
      this.#push(slot);
    });
  }

  /** Forgets an item. */
  remove(item: T): void {
    const slot = this.#slots.get(item);
    if (slot === undefined) return;
    this.#slots.delete(item);
    if (slot.index >= 0) this.#take(slot);
  }

  /** Takes the item that is due first out; null where none is due yet. `again` puts it back. */
  next(nowMs: number): T | null {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return null;
    this.#take(first);
    return first.item;
  }

  /** Plans the next probe of an item that was taken out. */
  again(item: T, nowMs: number): void {
    const slot = this.#slots.get(item);
    if (slot === undefined || slot.index >= 0) return;
    const { everyMs } = item;
    // Not sooner than half an interval: the first look comes early for most, and a probe may have
    // taken longer than an interval.
    const turns = Math.ceil((nowMs + everyMs / 2 - slot.phaseMs) / everyMs);
    const centreMs = slot.phaseMs + turns * everyMs;
    slot.dueMs = Math.max(nowMs, centreMs + (2 * this.#random() - 1) * jitterShare * everyMs);
    this.#push(slot);
  }

  /** Plans the next probe of an item anew: its interval is another one. */
  respace(item: T, nowMs: number): void {
    const slot = this.#slots.get(item);
    if (slot === undefined) return;
    slot.phaseMs = nowMs + this.#random() * item.everyMs;
    if (slot.index < 0) return;
    this.#take(slot);
    this.again(item, nowMs);
  }

  /** Makes every item that waits due now. */
  all(nowMs: number): void {
    // All equal: any order is a heap.
    for (const slot of this.#heap) slot.dueMs = nowMs;
  }

  #push(slot: Slot<T>): void {
    slot.index = this.#heap.push(slot) - 1;
    this.#rise(slot);
  }

  #take(slot: Slot<T>): void {
    const at = slot.index;
    slot.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === slot) return;
    this.#place(last, at);
    this.#rise(last);
    this.#sink(last);
  }

  #place(slot: Slot<T>, at: number): void {
    this.#heap[at] = slot;
    slot.index = at;
  }

  #rise(slot: Slot<T>): void {
    while (slot.index > 0) {
      const parent = this.#heap[(slot.index - 1) >> 1];
      if (parent === undefined || parent.dueMs <= slot.dueMs) return;
      const at = parent.index;
      this.#place(parent, slot.index);
      this.#place(slot, at);
    }
  }

  #sink(slot: Slot<T>): void {
    for (;;) {
      const left = this.#heap[2 * slot.index + 1];
      const right = this.#heap[2 * slot.index + 2];
      const child = right !== undefined && left !== undefined && right.dueMs < left.dueMs
        ? right
        : left;
      if (child === undefined || slot.dueMs <= child.dueMs) return;
      const at = child.index;
      this.#place(child, slot.index);
      this.#place(slot, at);
    }
  }
}
