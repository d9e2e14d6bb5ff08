/**
 * The error of a connect that failed, with every address that was tried.
 * @module
 */

import { type Attempt, NetError, systemCode, toNetError } from "../core/error.ts";
import { machineFaultCodes } from "../core/machine_fault.ts";

/** One address that was tried, and what was thrown. */
export interface TriedAddress {
  /** `[::1]:5432`. */
  readonly address: string;
  readonly thrown: unknown;
  readonly durationMs: number;
}

/** Errors of this machine rather than of the peer: a retry policy must not count them against it. */
const localCodes = new Set([...machineFaultCodes, "EACCES", "EAFNOSUPPORT", "EPERM"]);

/** Whose fault a failed connect is. */
function blameOf(thrown: unknown): "local" | "remote" {
  const code = systemCode(thrown);
  return code === undefined || localCodes.has(code) ? "local" : "remote";
}

/** What one attempt threw. The kernel says EINVAL for a route of type blackhole (ip-route(8)). */
function errorOf(thrown: unknown, address: string): NetError {
  if (systemCode(thrown) !== "EINVAL") return toNetError(thrown, "connect", address);
  const message = "a route of this machine discards it (blackhole)";
  const init = { kind: "unreachable", op: "connect", address, message, code: "EINVAL" } as const;
  return new NetError({ ...init, cause: thrown });
}

/**
 * Makes one error of all attempts: of one, its own words; of several, a line that names each.
 *
 * @param text the endpoint in the address language
 * @param tried in the order of the attempts
 */
export function connectError(text: string, tried: readonly TriedAddress[]): NetError {
  const errors = tried.map(({ thrown }) => errorOf(thrown, text));
  const attempts = tried.map(({ address, durationMs }, at): Attempt => {
    const { reason, code } = errors[at] ?? { reason: "not tried", code: undefined };
    const message = code === undefined ? reason : `${reason} (${code})`;
    return { address, message, ...(code === undefined ? {} : { code }), durationMs };
  });
  const first = errors[0];
  const blame = tried.some(({ thrown }) => blameOf(thrown) === "remote") ? "remote" : "local";
  const init = { op: "connect", address: text, blame, attempts } as const;
  if (first !== undefined && errors.length === 1) {
    const { kind, reason, code, hint } = first;
    return new NetError({
      ...init,
      kind,
      message: reason,
      ...(code === undefined ? {} : { code }),
      ...(hint === undefined ? {} : { hint }),
      cause: first.cause,
    });
  }
  const each = attempts.map(({ address, message }) => `${address} ${message}`).join("; ");
  const alike = first !== undefined && errors.every(({ kind }) => kind === first.kind);
  return new NetError({
    ...init,
    // A bug among the causes must not hide behind "unreachable".
    kind: alike ? first.kind : errors.find((e) => e.kind === "unexpected")?.kind ?? "unreachable",
    message: `no address answered: ${each}`,
    cause: tried.map(({ thrown }) => thrown),
  });
}
