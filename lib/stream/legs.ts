/**
 * The two ends of a relay, and how they are closed: by the reason that the session ended for.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import { type NetError, toNetError } from "../core/error.ts";
import { isOrderly, type Reason } from "../core/reason.ts";
import { breakAfterDelivery, closeWithin, lingerClose } from "./linger.ts";

/** One end of a relay. */
export interface Leg {
  readonly end: Duplex;
  readonly name: "a" | "b";
  /** Its input is over: closing it cannot cause a reset. */
  inputEnded: boolean;
}

/** How a session is over, before it is closed. */
export interface Outcome {
  readonly reason: Reason;
  readonly error?: NetError;
}

/** Who presses Ctrl-C wants to be gone; what a healthy peer acknowledges takes less than this. */
const signalGraceMs = 100;

/**
 * Closes both, whatever happens.
 *
 * @returns what failed in closing, where nothing had failed before
 */
export async function closeLegs(
  a: Leg,
  b: Leg,
  outcome: Outcome,
  context: Context,
): Promise<Partial<Outcome> | undefined> {
  const { reason } = outcome;
  const closed = await Promise.allSettled([
    closeLeg(a, reason, context),
    closeLeg(b, reason, context),
  ]);
  const failed = closed.find((one) => one.status === "rejected");
  if (failed === undefined || outcome.error !== undefined) return undefined;
  const error = toNetError(failed.reason, "close", b.end.remote.text);
  return isOrderly(reason) ? { reason: "error", error } : { error };
}

async function closeLeg(leg: Leg, reason: Reason, { clock, limits }: Context): Promise<void> {
  const lingerMs = limits["close-linger"];
  switch (reason) {
    case "reset":
    case "dead":
      return await breakAfterDelivery(leg.end, clock, lingerMs);
    case "drain":
      leg.end.abort();
      break;
    case "signal":
      return await closeWithin(leg.end, clock, signalGraceMs);
    case "peer-end":
    case "local-end":
      if (!leg.inputEnded) return await lingerClose(leg.end, clock, lingerMs);
      break;
    default:
      return await closeWithin(leg.end, clock, lingerMs);
  }
  await leg.end[Symbol.asyncDispose]();
}
