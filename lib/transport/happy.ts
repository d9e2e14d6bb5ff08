/**
 * Happy Eyeballs (RFC 8305): several addresses of one host are tried a little apart, and the first
 * that answers wins. Knows nothing of sockets.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import { type Context, deriveContext } from "../core/context.ts";
import type { ResolvedHost } from "./resolve.ts";

/** RFC 8305 section 8: the recommended delay between two attempts. */
export const attemptDelayMs = 250;

/** How one attempt failed. */
export interface FailedAttempt<C> {
  readonly candidate: C;
  readonly thrown: unknown;
  readonly durationMs: number;
}

/** What the race gives: the first success, or every failure in the order of the candidates. */
export type RaceResult<C, T> =
  | { readonly won: true; readonly value: T; readonly candidate: C }
  | { readonly won: false; readonly failed: readonly FailedAttempt<C>[] };

/** How an attempt is made, and what is done with one that came too late. */
export interface Contest<C, T> {
  /** Must end soon after its signal aborts. */
  attempt(candidate: C, signal: AbortSignal): Promise<T>;
  /** Closes what a loser opened. */
  discard(late: T): void;
}

/**
 * Families in turn, beginning with the one that the resolver put first (RFC 8305 section 4); the
 * order within a family is kept.
 */
export function interleave(hosts: readonly ResolvedHost[]): readonly ResolvedHost[] {
  const first = hosts.filter((host) => host.family === hosts[0]?.family);
  const second = hosts.filter((host) => host.family !== hosts[0]?.family);
  const mixed: ResolvedHost[] = [];
  for (let at = 0; at < Math.max(first.length, second.length); at++) {
    mixed.push(...first.slice(at, at + 1), ...second.slice(at, at + 1));
  }
  return mixed;
}

/**
 * Starts an attempt every 250 ms, or as soon as the last one failed, until one succeeds or all
 * have failed. Ends only when every attempt has ended, so that nothing is left behind.
 *
 * @throws the signal's reason, once it aborts
 */
export async function raceAttempts<C, T>(
  candidates: readonly C[],
  contest: Contest<C, T>,
  context: Context,
): Promise<RaceResult<C, T>> {
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) {
    return await attemptOne(only, contest, context);
  }
  using child = deriveContext(context);
  const failed: { index: number; attempt: FailedAttempt<C> }[] = [];
  let winner: { value: T; candidate: C } | undefined;
  const run = async (candidate: C, index: number) => {
    const startMs = context.clock.now();
    try {
      const value = await contest.attempt(candidate, child.context.signal);
      if (winner !== undefined || context.signal.aborted) return contest.discard(value);
      winner = { value, candidate };
      child.abort();
    } catch (thrown) {
      const durationMs = context.clock.now() - startMs;
      failed.push({ index, attempt: { candidate, thrown, durationMs } });
    }
  };
  const running: Promise<void>[] = [];
  for (const [index, candidate] of candidates.entries()) {
    if (child.context.signal.aborted) break;
    const attempt = run(candidate, index);
    running.push(attempt);
    if (index + 1 < candidates.length) await settledOrDelay(attempt, child.context);
  }
  await Promise.all(running);
  if (winner !== undefined) return { won: true, ...winner };
  if (context.signal.aborted) throw context.signal.reason;
  failed.sort((a, b) => a.index - b.index);
  return { won: false, failed: failed.map(({ attempt }) => attempt) };
}

/** Nobody to race against: without a signal of its own, which is much of what a relay opens. */
async function attemptOne<C, T>(
  candidate: C,
  contest: Contest<C, T>,
  { clock, signal }: Context,
): Promise<RaceResult<C, T>> {
  signal.throwIfAborted();
  const startMs = clock.now();
  let value: T;
  try {
    value = await contest.attempt(candidate, signal);
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    return { won: false, failed: [{ candidate, thrown, durationMs: clock.now() - startMs }] };
  }
  if (!signal.aborted) return { won: true, value, candidate };
  contest.discard(value);
  throw signal.reason;
}

/** Waits until the attempt ended, the race is over, or it is time for the next. */
function settledOrDelay(attempt: Promise<void>, context: Context): Promise<void> {
  return new Promise((resolve) => {
    const timer: Timer = context.clock.timer(attemptDelayMs, () => go());
    const go = () => {
      timer.cancel();
      context.signal.removeEventListener("abort", go);
      resolve();
    };
    context.signal.addEventListener("abort", go, { once: true });
    attempt.then(go);
  });
}
