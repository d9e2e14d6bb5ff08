/**
 * Figures of several sessions, added up.
 * @module
 */

import type { SessionTally } from "./session_options.ts";

/** Nothing done yet. */
export function emptyTally(): SessionTally {
  return {
    carriers: 0,
    framesSent: 0,
    framesReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    framesResent: 0,
    bytesResent: 0,
    framesAcknowledged: 0,
    datagramsExpired: 0,
    datagramsSkipped: 0,
    roundTripMs: null,
  };
}

/** Adds `more` to `sum`, which it gives back. */
export function addTally(sum: SessionTally, more: Readonly<SessionTally>): SessionTally {
  sum.carriers += more.carriers;
  sum.framesSent += more.framesSent;
  sum.framesReceived += more.framesReceived;
  sum.bytesSent += more.bytesSent;
  sum.bytesReceived += more.bytesReceived;
  sum.framesResent += more.framesResent;
  sum.bytesResent += more.bytesResent;
  sum.framesAcknowledged += more.framesAcknowledged;
  sum.datagramsExpired += more.datagramsExpired;
  sum.datagramsSkipped += more.datagramsSkipped;
  sum.roundTripMs = more.roundTripMs ?? sum.roundTripMs;
  return sum;
}
