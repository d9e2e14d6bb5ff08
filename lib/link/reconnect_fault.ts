/**
 * Why there is no connection, and what follows: try again and count it, try again and do not count
 * it because it was this machine, or give up.
 *
 * Resolving: "no such host" counts as a failure of the peer (a typo must come to an end, and a name
 * may appear later); a name server that does not answer is the network's fault, as no route is.
 * @module
 */

import { counted } from "../core/counted.ts";
import { type ErrorKind, NetError } from "../core/error.ts";
import { machineFaultCodes } from "../core/machine_fault.ts";

/** `remote` counts, `local` does not, `final` is never tried again. */
export type Fault = "remote" | "local" | "final";

/** Trying again changes nothing: wrong input, no permission, a bug. */
const finalKinds: ReadonlySet<ErrorKind> = new Set([
  "usage",
  "address",
  "option",
  "exposure",
  "permission",
  "authentication",
  "too-large",
  "result",
  "signal",
  "unexpected",
]);

/** This machine has no route, link, descriptor, memory or port, or reaches no name server. */
const localCodes: ReadonlySet<string> = new Set([
  ...machineFaultCodes,
  "EAI_AGAIN",
  "EAI_MEMORY",
  "EAI_SYSTEM",
]);

/** Something of this machine is not there: a program, a file. Before the first success a typo. */
const missingKinds: ReadonlySet<ErrorKind> = new Set(["not-found", "unavailable", "in-use"]);

/**
 * Whose fault it is that a dial failed, or that a connection was lost.
 *
 * @param wasUp true once there has been a connection
 * @param hasHeld true once a connection has lasted: a peer that spoke no known protocol until then
 * speaks another one, and after that something else may have its port for a while
 */
export function faultOf(error: NetError, wasUp: boolean, hasHeld: boolean): Fault {
  if (finalKinds.has(error.kind)) return "final";
  if (error.kind === "protocol") return hasHeld ? "remote" : "final";
  const codes = error.code === undefined
    ? error.attempts.map(({ code }) => code ?? "")
    : [error.code];
  const isOurs = codes.length > 0 && codes.every((code) => localCodes.has(code));
  if (isOurs || error.kind === "exhausted") return "local";
  if (error.blame === "local" && missingKinds.has(error.kind)) return wasUp ? "local" : "final";
  return "remote";
}

/** Kinds whose exit status is 3: it was never open. */
const neverOpen: ReadonlySet<ErrorKind> = new Set([
  "resolve",
  "refused",
  "unreachable",
  "timeout",
  "in-use",
  "not-found",
  "unavailable",
  "exhausted",
]);

/**
 * The error of a connection that was given up: what failed last, with how often it was tried. One
 * that was never open is a failed connect (exit status 3), one that was is lost (4).
 */
export function givenUp(
  last: NetError,
  failures: number,
  wasUp: boolean,
  address: string,
): NetError {
  const times = counted(failures, "attempt");
  return new NetError({
    kind: wasUp ? "dead" : neverOpen.has(last.kind) ? last.kind : "unavailable",
    op: "connect",
    address,
    message: `gave up after ${times}: ${last.reason}`,
    ...(last.code === undefined ? {} : { code: last.code }),
    ...(last.hint === undefined ? {} : { hint: last.hint }),
    blame: last.blame,
    attempts: last.attempts,
    cause: last,
  });
}
