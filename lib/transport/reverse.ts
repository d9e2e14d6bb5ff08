/**
 * Numeric addresses to host names, as the system knows them.
 * @module
 */

import { lookupService } from "node:dns/promises";
import { type Context, withSignal } from "../core/context.ts";

/**
 * The name of a host, or null where it has none or nobody answers: a list of sockets is better
 * without a name than not shown. getnameinfo(3) is asked, which knows /etc/hosts and nsswitch as
 * `resolveHost` does; a name server may be slow, so that the caller bounds it with a signal.
 *
 * @param host numeric, without brackets
 * @throws the signal's reason once it aborts
 */
export async function nameOfHost(host: string, context: Context): Promise<string | null> {
  context.signal.throwIfAborted();
  try {
    // Port 0 is no service; only the host is of interest.
    const { hostname } = await withSignal(context.signal, lookupService(host, 0));
    return hostname === host ? null : hostname;
  } catch {
    if (context.signal.aborted) throw context.signal.reason;
    return null;
  }
}
