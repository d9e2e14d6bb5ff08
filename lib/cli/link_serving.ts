/**
 * `plumb link listen:...`: the side that waits for clients.
 * @module
 */

import { listenLink } from "../api/link_listen.ts";
import type { CommandContext } from "./command.ts";
import { linkHeartbeatOf, linkSecurityOf } from "./link_options.ts";
import { manySessions } from "./many_sessions.ts";
import type { Plan } from "./plan.ts";
import { endpointOf } from "./planned_endpoint.ts";

/**
 * Serves links until a signal ends it.
 *
 * @throws {NetError} what is wrong with the key; what listening says
 */
export async function runLinkServer(plan: Plan, session: CommandContext): Promise<number> {
  const { flags, ports } = session;
  const security = linkSecurityOf(flags);
  const [retentionMs, heartbeat] = [flags.number("retain"), linkHeartbeatOf(flags)];
  return await manySessions(session, (context, policy) =>
    listenLink(endpointOf(plan, "carrier"), {
      ...context,
      ...policy,
      ...security,
      stdio: ports.stdio,
      permits: flags.list("permit"),
      public: flags.flag("public") ?? false,
      ...(retentionMs === undefined ? {} : { retentionMs }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
    }));
}
