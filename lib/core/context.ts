/**
 * What everything that waits is given: when to stop, what time it is, where to say things, and
 * which bounds hold.
 * @module
 */

import { AbortSource, onAbort } from "./abort.ts";
import type { Attempts } from "./attempts.ts";
import { type Clock, realClock } from "./clock.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { type Log, silentLog } from "./log.ts";

/** Handed through every call that waits. */
export interface Context {
  /** Aborts what runs under it; the reason is a `Reason`-bearing error or whatever was given. */
  readonly signal: AbortSignal;
  /** What time it is; in tests a `VirtualClock`. */
  readonly clock: Clock;
  /** Where to say what happens; silent unless the caller gave one. */
  readonly log: Log;
  /** Bounds on what comes from outside; the defaults unless raised or lowered. */
  readonly limits: Limits;
  /** Told of each address that is tried, where somebody wants to know. */
  readonly attempts?: Attempts;
}

const never = new AbortController().signal;

/** A context with defaults: never aborted, real clock, silent log, default limits. */
export function makeContext(given: Partial<Context> = {}): Context {
  return {
    signal: given.signal ?? never,
    clock: given.clock ?? realClock,
    log: given.log ?? silentLog,
    limits: given.limits ?? defaultLimits,
  };
}

/** A context that can be aborted apart from its parent; dispose it, or the parent keeps it. */
export interface ChildContext extends Disposable {
  /** The parent's, with a signal of its own. */
  readonly context: Context;
  /** Aborts the child and leaves the parent alone. Idempotent. */
  abort(reason?: unknown): void;
}

/**
 * Derives a context that is aborted with its parent or alone.
 *
 * `AbortSignal.any` is not used: the parent of a server lives long, and it would keep a weak entry
 * for every session that there ever was.
 */
export function deriveContext(parent: Context): ChildContext {
  const source = new AbortSource();
  const forget = onAbort(parent.signal, () => source.abort(parent.signal.reason));
  return {
    context: { ...parent, signal: source.signal },
    abort: (reason) => source.abort(reason),
    [Symbol.dispose]: forget,
  };
}

/**
 * Waits for `work` or for the signal, whichever comes first. `work` goes on by itself after the
 * signal; its late failure is swallowed and its late value given to `discard`, so that what it
 * opened is closed.
 *
 * @throws the signal's reason
 */
export function withSignal<T>(
  signal: AbortSignal,
  work: Promise<T>,
  discard?: (late: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false;
    const forget = onAbort(signal, () => {
      over = true;
      reject(signal.reason);
    });
    work.then(
      (value) => {
        forget();
        if (over) discard?.(value);
        else resolve(value);
      },
      (thrown) => {
        forget();
        if (!over) reject(thrown);
      },
    );
  });
}
