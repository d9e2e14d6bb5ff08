/**
 * A session that failed -> the error that ends a one-session command.
 * @module
 */

import { type ErrorKind, NetError } from "../core/error.ts";
import type { SessionTally } from "../core/tally.ts";
import { statusOfError, statusOfSession } from "./exit.ts";

/**
 * The error of a failed session, undefined for one that ended well. What would mean "could not
 * connect" before it was open (ETIMEDOUT, EHOSTUNREACH) is a lost session now, and so exit 4.
 *
 * @param unanswered true for a datagram peer that never sent anything: nothing connects there, and
 * that nobody is at the port is learnt from the first datagram only
 */
export function sessionError(tally: SessionTally, unanswered = false): NetError | undefined {
  const { error } = tally;
  if (error === undefined || tally.reason === "signal") return undefined;
  if (unanswered && (error.kind === "refused" || error.kind === "unreachable")) {
    return restated(error, error.kind, "connect");
  }
  return statusOfError(error) === statusOfSession(tally) ? error : restated(error, "broken");
}

/** What ended something that was up: never "could not connect", and so never exit 3. */
export function lostSession(error: NetError): NetError {
  return statusOfError(error) === 3 ? restated(error, "broken") : error;
}

function restated(error: NetError, kind: ErrorKind, op = error.op): NetError {
  return new NetError({
    kind,
    op,
    message: error.reason,
    blame: error.blame,
    cause: error,
    ...(error.address === undefined ? {} : { address: error.address }),
    ...(error.code === undefined ? {} : { code: error.code }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
