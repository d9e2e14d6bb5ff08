/**
 * `plumb connect ADDR`: standard input and output to a peer.
 * @module
 */

import { dial } from "../../api/connect.ts";
import type { Duplex } from "../../core/contract.ts";
import type { RelayOptions } from "../../stream/relay.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { oneSession } from "../one_session.ts";
import type { Plan } from "../plan.ts";
import { endpointOf, planEndpoint } from "../planned_endpoint.ts";

/** Silence after which no more answers to datagrams are expected (ms). */
const datagramQuietMs = 3_000;

export function plan(invocation: Invocation): Plan {
  const [text = ""] = invocation.positionals;
  return invocation.plan({ endpoints: [planEndpoint("peer", text, "active")] });
}

export function run(plan: Plan, session: CommandContext): Promise<number> {
  return oneSession(session, async (context) => {
    const timeoutMs = session.flags.number("timeout");
    const b = await dial(endpointOf(plan, "peer"), context, session.ports, timeoutMs);
    const a = await dial(standardStreams, context, session.ports);
    return { a, b, options: endingOf(a, b) };
  });
}

/** `-` as an address. */
export const standardStreams = { scheme: "stdio", passive: false, options: [] } as const;

/**
 * How a session with standard input and output ends besides half-close: with the peer where a
 * person types, and with the answers where there are datagrams, which know no end.
 */
function endingOf(stdio: Duplex, peer: Duplex): RelayOptions {
  return {
    ...(stdio.traits.terminal ? { endWithPeer: true } : {}),
    ...(peer.traits.endless ? { replies: "as-sent", untilQuietMs: datagramQuietMs } : {}),
  };
}
