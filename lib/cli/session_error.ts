/**
 * A session that failed -> the error that ends a one-session command.
 * @module
 */

import { NetError } from "../core/error.ts";
import type { SessionTally } from "../core/tally.ts";
import { statusOfError, statusOfSession } from "./exit.ts";

/**
 * The error of a failed session, undefined for one that ended well. What would mean "could not
 * connect" before it was open (ETIMEDOUT, EHOSTUNREACH) is a lost session now, and so exit 4.
 */
export function sessionError(tally: SessionTally): NetError | undefined {
  const { error } = tally;
  if (error === undefined || tally.reason === "signal") return undefined;
  if (statusOfError(error) === statusOfSession(tally)) return error;
  return new NetError({
    kind: "broken",
    op: error.op,
    message: error.reason,
    blame: error.blame,
    cause: error,
    ...(error.address === undefined ? {} : { address: error.address }),
    ...(error.code === undefined ? {} : { code: error.code }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
