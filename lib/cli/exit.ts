/**
 * NetError, reason or tally -> exit status: the contract with scripts, in one place.
 * @module
 */

import type { ErrorKind, NetError } from "../core/error.ts";
import type { HostSignal } from "../core/host.ts";
import type { Reason } from "../core/reason.ts";
import type { ServerTally, SessionTally } from "../core/tally.ts";

/** What each exit status means; the text of `plumb help exit-status`. */
export const exitStatuses = {
  0: "done",
  1: "a bug, or something unexpected",
  2: "usage, a bad address or option, a refused exposure; nothing was opened",
  3: "could not resolve, connect or listen",
  4: "a session failed after it was open",
  5: "not allowed: permission, authentication, access list",
  6: "a result below what was asked",
} as const;

/** An exit status other than 128 + N. */
export type ExitStatus = keyof typeof exitStatuses;

const ofKind: Readonly<Record<Exclude<ErrorKind, "signal">, ExitStatus>> = {
  usage: 2,
  address: 2,
  option: 2,
  exposure: 2,
  resolve: 3,
  refused: 3,
  unreachable: 3,
  timeout: 3,
  "in-use": 3,
  "not-found": 3,
  unavailable: 3,
  exhausted: 3,
  reset: 4,
  broken: 4,
  aborted: 4,
  dead: 4,
  idle: 4,
  "too-large": 4,
  limit: 4,
  protocol: 4,
  "local-write": 4,
  transient: 4,
  permission: 5,
  authentication: 5,
  result: 6,
  unexpected: 1,
};

const ofReason: Readonly<Record<Exclude<Reason, "signal" | "error">, ExitStatus>> = {
  "peer-end": 0,
  "local-end": 0,
  lifetime: 0,
  drain: 0,
  idle: 4,
  reset: 4,
  dead: 4,
  limit: 4,
};

/** Numbers of the signals that end the program (signal(7); the same on x86-64 and ARM). */
const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/** 128 + N. Signals that plumb does not end by have no number here: 1, a bug. */
export function statusOfSignal(signal: HostSignal | string): number {
  const number = signalNumbers[signal];
  return number === undefined ? 1 : 128 + number;
}

/** The exit status of an error that ended a command. */
export function statusOfError(error: NetError): number {
  return error.kind === "signal" ? statusOfSignal(error.code ?? "") : ofKind[error.kind];
}

/**
 * The exit status of a command that had one session.
 *
 * @param signal what ended it, where the reason is "signal"
 */
export function statusOfSession(tally: SessionTally, signal?: HostSignal): number {
  if (tally.reason === "signal") return statusOfSignal(signal ?? tally.error?.code ?? "");
  if (tally.reason !== "error") return ofReason[tally.reason];
  if (tally.error === undefined) return 4;
  // It was open: what would be "could not connect" at the start (ETIMEDOUT, EHOSTUNREACH) is a
  // lost session now.
  const status = statusOfError(tally.error);
  return status === 3 ? 4 : status;
}

/**
 * The exit status of a command that served many: sessions that failed never change it.
 *
 * @param signal what stopped it, or null
 * @param forced true when a second signal came
 */
export function statusOfServer(
  tally: ServerTally,
  signal: HostSignal | null,
  forced = false,
): number {
  return signal !== null && (forced || tally.cut > 0) ? statusOfSignal(signal) : 0;
}
