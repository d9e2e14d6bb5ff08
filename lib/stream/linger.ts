/**
 * Closing so that what was written arrives.
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Duplex } from "../core/contract.ts";
import { type NetError, toNetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";

const pollMs = 10;

/**
 * Closes a session whose peer may still be sending.
 *
 * Closing a TCP socket with unread input sends a reset, and a reset discards what this side wrote
 * and the peer's kernel has not acknowledged yet (RFC 1122, section 4.2.2.13). So the close waits
 * until everything is acknowledged, or `longestMs` has passed, or the peer broke it.
 */
export async function lingerClose(session: Duplex, clock: Clock, longestMs: number): Promise<void> {
  try {
    await session.closeWrite();
    await delivered(session, clock, longestMs);
  } catch {
    // The peer broke it meanwhile: then there is nothing left to wait for.
  }
  await session[Symbol.asyncDispose]();
}

/** Waits until the peer's kernel has acknowledged everything; at most `longestMs`. */
async function delivered(session: Duplex, clock: Clock, longestMs: number): Promise<void> {
  const endMs = clock.now() + longestMs;
  const wheel = TimerWheel.of(clock);
  while ((session.unacknowledged?.() ?? 0) > 0 && clock.now() < endMs) {
    await new Promise<void>((resolve) => void wheel.timer(pollMs, resolve));
  }
}

/**
 * Reads until the end, keeping nothing.
 *
 * @returns what broke it, undefined at its end
 */
export async function discardAll(session: Duplex): Promise<NetError | undefined> {
  const { maximumMessage = 0 } = session.traits;
  try {
    let buffer: Uint8Array | undefined;
    for (;;) {
      await session.readable?.();
      buffer ??= new Uint8Array(Math.max(64 * 1024, maximumMessage));
      if (await session.read(buffer) === null) return undefined;
    }
  } catch (thrown) {
    return toNetError(thrown, "read", session.remote.text);
  }
}

/**
 * Closes in order, and breaks what takes longer: a peer that takes nothing must not hold up an end
 * that does not wait for it (a signal, an idle limit).
 */
export async function closeWithin(session: Duplex, clock: Clock, longestMs: number): Promise<void> {
  const timer = TimerWheel.of(clock).timer(longestMs, () => session.abort());
  try {
    await session[Symbol.asyncDispose]();
  } finally {
    timer.cancel();
  }
}

/**
 * Breaks a session because its other leg broke: the peer gets first what was written before, then
 * the reset. Where the transport has no reset the peer sees an end of input.
 */
export async function breakAfterDelivery(
  session: Duplex,
  clock: Clock,
  longestMs: number,
): Promise<void> {
  if (!session.traits.resets) return await session[Symbol.asyncDispose]();
  await delivered(session, clock, longestMs);
  session.abort();
  await session[Symbol.asyncDispose]();
}
