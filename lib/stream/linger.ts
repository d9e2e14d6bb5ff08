/**
 * Closing so that what was written arrives.
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Duplex } from "../core/contract.ts";
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

/** Reads until the end, keeping nothing. Never throws: a break is an end, too. */
export async function discardAll(session: Duplex): Promise<void> {
  try {
    let buffer: Uint8Array | undefined;
    for (;;) {
      await session.readable?.();
      buffer ??= new Uint8Array(64 * 1024);
      if (await session.read(buffer) === null) return;
    }
  } catch {
    // The caller closes the session in any case.
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
