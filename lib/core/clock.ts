/**
 * Time as an argument. Nothing reads the wall clock directly, so that tests run on virtual time.
 * @module
 */

/** A timer that was set. */
export interface Timer {
  /** Idempotent. */
  cancel(): void;
}

/** Where time comes from. */
export interface Clock {
  /** Monotonic time in milliseconds, with fractions. */
  now(): number;
  /** Wall-clock time in milliseconds since 1970. */
  wall(): number;
  /**
   * Optional power: the wall clock in whole microseconds since 1970, where `wall` is coarser than
   * what is measured (clocks of two machines are compared). Use `wallMicroseconds`.
   */
  wallUs?(): number;
  /** Calls `then` once, after at least `delayMs` milliseconds. */
  timer(delayMs: number, then: () => void): Timer;
}

/** setTimeout counts in a signed 32-bit number of milliseconds; longer ones fire at once. */
const longestTimeoutMs = 2 ** 31 - 1;

/**
 * False until the runtime's timers are loaded. The first look at `setTimeout` or `clearTimeout`
 * loads them, and promises go on meanwhile (Deno 2.9.5): whoever sets the first timer would be
 * entered again in the middle of what it does.
 */
let hasTimers = false;

/** Calls `arm` at once where that is safe, else when nobody is at work. */
function whenLoaded(arm: () => void): void {
  if (hasTimers) return arm();
  queueMicrotask(() => {
    hasTimers = typeof setTimeout === "function";
    arm();
  });
}

/** The machine's clock. */
export const realClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  // Not in place of `Date.now`: its first call costs 7 ms, and most programs never need it.
  wallUs: () => Math.floor(Number(Temporal.Now.instant().epochNanoseconds) / 1000),
  timer(delayMs, then) {
    let handle: ReturnType<typeof setTimeout> | undefined;
    let isCancelled = false;
    const arm = (left: number) => {
      if (isCancelled) return;
      handle = left > longestTimeoutMs
        ? setTimeout(() => arm(left - longestTimeoutMs), longestTimeoutMs)
        : setTimeout(then, Math.max(0, left));
    };
    whenLoaded(() => arm(delayMs));
    const cancel = () => {
      isCancelled = true;
      if (handle !== undefined) clearTimeout(handle);
    };
    return { cancel };
  },
};

/** The wall clock in microseconds since 1970, as finely as this clock knows it. */
export function wallMicroseconds(clock: Clock): number {
  return clock.wallUs?.() ?? Math.floor(clock.wall() * 1000);
}

/**
 * Waits.
 *
 * @param delayMs milliseconds
 * @throws the signal's reason, at once, when it aborts
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.timer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** A clock that stands still until it is told to go on. For tests and simulations. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #wallStartMs: number;
  readonly #timers: { atMs: number; order: number; then: () => void }[] = [];

  /**
   * Starts at monotonic 0, with a date that is the same in every run.
   *
   * @param wallStartMs what the wall clock says then, in milliseconds since 1970
   */
  constructor(wallStartMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = 0;
    this.#wallStartMs = wallStartMs;
  }

  /** Milliseconds that have passed by `advance`, from 0. */
  now(): number {
    return this.#nowMs;
  }

  /** The wall clock's start plus `now()`, in milliseconds since 1970. */
  wall(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  /** Fires within an `advance` only, also where `delayMs` is 0. */
  timer(delayMs: number, then: () => void): Timer {
    const entry = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, then };
    this.#timers.push(entry);
    return {
      cancel: () => {
        const at = this.#timers.indexOf(entry);
        if (at >= 0) this.#timers.splice(at, 1);
      },
    };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /**
   * Lets time pass, firing timers in order and letting promises run between them.
   *
   * @param byMs milliseconds
   */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    await settle();
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.atMs > endMs) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#nowMs = next.atMs;
      next.then();
      await settle();
    }
    this.#nowMs = endMs;
  }

  #next(): { atMs: number; order: number; then: () => void } | undefined {
    let first = this.#timers[0];
    for (const timer of this.#timers) {
      if (first === undefined) break;
      if (timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order)) {
        first = timer;
      }
    }
    return first;
  }
}

/** Lets promise chains that are ready run, without real time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
