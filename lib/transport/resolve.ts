/**
 * Host names to numeric addresses, in the order that the system prefers.
 * @module
 */

import { lookup } from "node:dns/promises";
import { type Context, withSignal } from "../core/context.ts";
import { NetError } from "../core/error.ts";

/** One numeric address of a host. */
export interface ResolvedHost {
  /** Numeric, without brackets; a zone stays: `fe80::1%eth0`. */
  readonly host: string;
  readonly family: 4 | 6;
}

/** What getaddrinfo(3) says, in words. Names without a row are shown as they are. */
const lookupErrors: Readonly<Record<string, string>> = {
  ENOTFOUND: "no such host",
  ENODATA: "the name has no address",
  EAI_AGAIN: "the name server does not answer",
  EAI_FAIL: "the name server failed",
  EAI_NODATA: "the name has no address",
  EAI_NONAME: "no such host",
};

/**
 * Resolves a host; numeric ones cost nothing, an empty one is `localhost`.
 *
 * getaddrinfo(3) is asked (through node:dns) and not a name server (`Deno.resolveDns`): only it
 * knows /etc/hosts, nsswitch and the preference of RFC 6724. It cannot be cancelled; after the
 * signal its answer is dropped.
 *
 * @param host name or numeric address without brackets
 * @returns at least one address, no two the same
 * @throws {NetError} kind "resolve"; the signal's reason once it aborts
 */
export async function resolveHost(
  host: string,
  context: Context,
): Promise<readonly ResolvedHost[]> {
  const name = host === "" ? "localhost" : host;
  const numeric = familyOf(name);
  if (numeric !== undefined) return [{ host: name, family: numeric }];
  context.signal.throwIfAborted();
  let answers: readonly { address: string; family: number }[];
  try {
    answers = await withSignal(context.signal, lookup(name, { all: true, verbatim: true }));
  } catch (thrown) {
    if (context.signal.aborted) throw context.signal.reason;
    throw resolveError(name, thrown);
  }
  const seen = new Map<string, ResolvedHost>();
  for (const { address, family } of answers.slice(0, context.limits["dns-answers"])) {
    seen.set(address, { host: address, family: family === 6 ? 6 : 4 });
  }
  if (seen.size === 0) throw resolveError(name, undefined);
  return [...seen.values()];
}

/** The family of a numeric host, or undefined for a name. Names hold no colon (RFC 952). */
export function familyOf(host: string): 4 | 6 | undefined {
  if (host.includes(":")) return 6;
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) ? 4 : undefined;
}

function resolveError(name: string, thrown: unknown): NetError {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "ENODATA";
  const message = lookupErrors[code];
  if (message === undefined && thrown instanceof Error) {
    return new NetError({ kind: "resolve", op: "resolve", address: name, message: thrown.message });
  }
  return new NetError({
    kind: "resolve",
    op: "resolve",
    address: name,
    message: message ?? code,
    code,
    cause: thrown,
  });
}
