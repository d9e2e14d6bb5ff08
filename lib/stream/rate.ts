/**
 * Rate limit by a token bucket.
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Duplex } from "../core/contract.ts";
import { TimerWheel } from "../core/wheel.ts";
import { WrappedDuplex } from "./wrapped.ts";

/**
 * A token bucket: `rate` bytes a second, with bursts of a tenth of a second. Pure: time is an
 * argument.
 */
export class TokenBucket {
  readonly #bytesPerMs: number;
  readonly #capacity: number;
  #tokens: number;
  #atMs: number;

  /**
   * Starts full: the first burst goes at once.
   *
   * @param rate bytes a second, more than 0
   * @param nowMs monotonic time in milliseconds
   */
  constructor(rate: number, nowMs: number) {
    if (!(rate > 0)) throw new RangeError("a rate must be more than 0 bytes a second");
    this.#bytesPerMs = rate / 1000;
    this.#capacity = Math.max(1, rate / 10);
    this.#tokens = this.#capacity;
    this.#atMs = nowMs;
  }

  /** The most that should be taken at once, in bytes, so that the flow stays even. */
  get grain(): number {
    return Math.max(1, Math.floor(this.#capacity));
  }

  /**
   * Takes `bytes`; they may put the bucket into debt.
   *
   * @returns how many milliseconds to wait before the next take
   */
  take(bytes: number, nowMs: number): number {
    const earned = Math.max(0, nowMs - this.#atMs) * this.#bytesPerMs;
    this.#tokens = Math.min(this.#capacity, this.#tokens + earned) - bytes;
    this.#atMs = nowMs;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#bytesPerMs;
  }
}

/**
 * A session that gives and takes at most `rate` bytes a second, each way by itself. It owns the
 * session. Messages are never cut: a large one is paid for afterwards.
 *
 * @param rate bytes a second, more than 0
 */
export function limited(session: Duplex, rate: number, clock: Clock): Duplex {
  return new LimitedDuplex(session, rate, clock);
}

class LimitedDuplex extends WrappedDuplex {
  /** What waits here is on its way too: `--idle` must not take a stretched write for silence. */
  override readonly unacknowledged = (): number =>
    this.#unwritten + (this.inner.unacknowledged?.() ?? 0);
  readonly #clock: Clock;
  readonly #reading: TokenBucket;
  readonly #writing: TokenBucket;
  readonly #waiting = new Set<() => void>();
  #over = false;
  #unwritten = 0;

  constructor(inner: Duplex, rate: number, clock: Clock) {
    super(inner);
    this.#clock = clock;
    this.#reading = new TokenBucket(rate, clock.now());
    this.#writing = new TokenBucket(rate, clock.now());
  }

  override async read(into: Uint8Array): Promise<number | null> {
    const most = this.traits.messages ? into.length : this.#reading.grain;
    const n = await this.inner.read(into.subarray(0, most));
    if (n !== null) await this.#pay(this.#reading, n);
    return n;
  }

  override async write(chunk: Uint8Array): Promise<void> {
    const most = this.traits.messages ? Math.max(chunk.length, 1) : this.#writing.grain;
    let at = 0;
    try {
      do {
        this.#unwritten = chunk.length - at;
        const part = chunk.subarray(at, at + most);
        await this.inner.write(part);
        await this.#pay(this.#writing, part.length);
        at += most;
      } while (at < chunk.length);
    } finally {
      this.#unwritten = 0;
    }
  }

  override abort(reason?: unknown): void {
    super.abort(reason);
    this.#wake();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#wake();
    await super[Symbol.asyncDispose]();
  }

  /** Waits off the debt; the end of the session ends the wait, and the next call tells why. */
  async #pay(bucket: TokenBucket, bytes: number): Promise<void> {
    const waitMs = bucket.take(bytes, this.#clock.now());
    if (waitMs <= 0 || this.#over) return;
    await new Promise<void>((resolve) => {
      const timer = TimerWheel.of(this.#clock).timer(waitMs, () => {
        this.#waiting.delete(wake);
        resolve();
      });
      const wake = () => {
        timer.cancel();
        resolve();
      };
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    this.#over = true;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
