/**
 * SIGHUP: connections that are down do not wait any longer.
 * @module
 */

import type { Connections } from "../api/connections.ts";
import type { Context } from "../core/context.ts";

/** Retries, and says so. @returns true, for it was possible, though nothing may be down */
export function retryConnections(connections: Connections, { log }: Context): boolean {
  const count = connections.retryNow();
  const text = connections.size === 0
    ? "connections that are down are retried now"
    : count === 0
    ? "every connection is up: nothing to retry"
    : count === 1
    ? "1 connection is retried now"
    : `${count} connections are retried now`;
  log.write("notice", "retry", text, { connections: count });
  return true;
}
