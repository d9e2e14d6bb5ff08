/**
 * Listening for the end of many short or idle things.
 *
 * An `EventTarget` keeps 660 bytes for its first listener and half of them when that is gone (Deno
 * 2.9.5), and each of thousands of idle sessions has a signal of its own. Signals made here are
 * ordinary ones that have a plain list beside them, for those who ask with `onAbort`.
 * @module
 */

const followers = Symbol("followers");

/** A signal that was made here, with who follows it. */
interface FollowedSignal extends AbortSignal {
  [followers]?: readonly (() => void)[];
}

const nobody: readonly (() => void)[] = [];

/** Makes a signal, as `AbortController` does. */
export class AbortSource {
  readonly #controller = new AbortController();

  constructor() {
    (this.signal as FollowedSignal)[followers] = nobody;
  }

  /** Fits wherever a signal does. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts it: listeners first, then who follows. Only the first call does anything. */
  abort(reason?: unknown): void {
    const signal: FollowedSignal = this.signal;
    if (signal.aborted) return;
    this.#controller.abort(reason);
    const told = signal[followers] ?? nobody;
    signal[followers] = nobody;
    for (const then of told) then();
  }
}

/**
 * Calls `then` once, when a signal aborts; at once where it has already.
 *
 * @returns takes it back; idempotent
 */
export function onAbort(signal: AbortSignal, then: () => void): () => void {
  if (signal.aborted) {
    then();
    return () => {};
  }
  const followed: FollowedSignal = signal;
  const others = followed[followers];
  if (others === undefined) {
    signal.addEventListener("abort", then, { once: true });
    return () => signal.removeEventListener("abort", then);
  }
  // Not `[...others, then]`: V8 gives a spread list room for 17 more, 128 bytes for nothing.
  followed[followers] = others.concat(then);
  return () => {
    const left = followed[followers]?.filter((one) => one !== then) ?? nobody;
    followed[followers] = left.length === 0 ? nobody : left;
  };
}
