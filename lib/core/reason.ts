/**
 * Why a session ended: one word, the same in `-v`, JSON, metrics and the exit status.
 * @module
 */

/** Every reason with its meaning. */
export const reasons = {
  "peer-end": "the other side ended it in order",
  "local-end": "this side ended it in order",
  idle: "nothing moved for the time given by --idle",
  lifetime: "it reached the age given by --lifetime",
  reset: "the peer broke the connection",
  dead: "the peer gave no sign of life",
  limit: "a limit was reached",
  drain: "the server is shutting down",
  signal: "a signal ended it",
  error: "something failed on this side",
} as const;

/** Why a session ended. */
export type Reason = keyof typeof reasons;

/** True for reasons that are a good end (exit status 0). */
export function isOrderly(reason: Reason): boolean {
  return reason === "peer-end" || reason === "local-end" || reason === "lifetime";
}

/**
 * The abort reason that tells a session why it must end: `abort(new SessionEnd("drain"))`.
 */
export class SessionEnd extends Error {
  /** For stack traces, where one escapes. */
  override readonly name = "SessionEnd";
  /** What the session's tally will say. */
  readonly reason: Reason;

  /** The message is the reason's meaning, as `reasons` has it. */
  constructor(reason: Reason) {
    super(reasons[reason]);
    this.reason = reason;
  }
}

/** Why a session that was told to stop by `signal` ended: what it was told, else "signal". */
export function reasonOfSignal(signal: AbortSignal): Reason {
  return signal.reason instanceof SessionEnd ? signal.reason.reason : "signal";
}
