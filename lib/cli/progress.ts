/**
 * How far long work has come, on a terminal: bytes and rate, time left where the end is known.
 * Nothing of it otherwise.
 * @module
 */

import type { Clock, Timer } from "../core/clock.ts";
import type { Host } from "../core/host.ts";
import type { ErrorOutput } from "./error_output.ts";
import { approximateDuration, approximateRate, approximateSize } from "./quantity.ts";

/** What progress is shown of. */
export interface ProgressOptions {
  /** Bytes so far; asked a few times a second. */
  readonly bytes: () => number;
  /** Bytes at the end, where that is known. */
  readonly total?: number;
  /** False with `--silent` and `--json`. */
  readonly wanted: boolean;
}

/** Work shorter than this shows nothing: a line that flashes by only disturbs. */
const quietMs = 1_000;
const everyMs = 500;

/**
 * Shows progress until it is disposed; the last line stays. Not shown where standard output is the
 * same terminal: the data is what is to be seen there.
 */
export function showProgress(
  host: Host,
  errors: ErrorOutput,
  options: ProgressOptions,
): Disposable {
  if (!options.wanted || !host.errorIsTerminal || host.stdio.outputIsTerminal) {
    return { [Symbol.dispose]: () => {} };
  }
  const { clock } = host;
  const meter = new RateMeter(clock, options.bytes);
  const startMs = clock.now();
  let shown = false;
  let timer: Timer;
  const show = () => {
    shown = true;
    errors.status(progressLine(options.bytes(), meter.sample(), options.total));
    timer = clock.timer(everyMs, show);
  };
  timer = clock.timer(quietMs, show);
  return {
    [Symbol.dispose]() {
      timer.cancel();
      if (!shown) return;
      const tookMs = clock.now() - startMs;
      const bytes = options.bytes();
      const rate = approximateRate(bytes / Math.max(tookMs, 1) * 1000);
      errors.status(`${approximateSize(bytes)} in ${approximateDuration(tookMs)}, ${rate}`);
      errors.endStatus();
    },
  };
}

/** `12.3 MiB, 4.5 MiB/s`; with a total `12.3 MiB of 40.0 MiB, 4.5 MiB/s, 6.15s left`. */
export function progressLine(bytes: number, bytesPerSecond: number, total?: number): string {
  const rate = approximateRate(bytesPerSecond);
  if (total === undefined) return `${approximateSize(bytes)}, ${rate}`;
  const left = bytesPerSecond > 0 && total >= bytes
    ? `, ${approximateDuration((total - bytes) / bytesPerSecond * 1000)} left`
    : "";
  return `${approximateSize(bytes)} of ${approximateSize(total)}, ${rate}${left}`;
}

/** Rate over the last samples, so that a pause shows and one slow moment does not. */
class RateMeter {
  readonly #clock: Clock;
  readonly #bytes: () => number;
  readonly #samples: { atMs: number; bytes: number }[] = [];

  constructor(clock: Clock, bytes: () => number) {
    this.#clock = clock;
    this.#bytes = bytes;
    this.sample();
  }

  /** @returns bytes a second */
  sample(): number {
    const now = { atMs: this.#clock.now(), bytes: this.#bytes() };
    this.#samples.push(now);
    if (this.#samples.length > 6) this.#samples.shift();
    const first = this.#samples[0] ?? now;
    const tookMs = now.atMs - first.atMs;
    return tookMs <= 0 ? 0 : (now.bytes - first.bytes) / tookMs * 1000;
  }
}
