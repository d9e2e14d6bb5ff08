/**
 * `plumb connect ADDR`: standard input and output to a peer.
 * @module
 */

import { childPorts } from "../../api/child_ports.ts";
import { dial } from "../../api/connect.ts";
import type { Context } from "../../core/context.ts";
import type { Duplex } from "../../core/contract.ts";
import type { RelayOptions } from "../../stream/relay.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { heartbeatOf } from "../heartbeat_value.ts";
import { refuseUnused } from "../lasting_defaults.ts";
import { oneSession } from "../one_session.ts";
import type { Plan } from "../plan.ts";
import { endpointOf, planEndpoint } from "../planned_endpoint.ts";

/** Silence after which no more answers to datagrams are expected (ms). */
const datagramQuietMs = 3_000;

export async function plan(invocation: Invocation): Promise<Plan> {
  const { flags, positionals: [text = ""] } = invocation;
  const plan = invocation.plan({ endpoints: [planEndpoint("peer", text, "active", flags)] });
  const address = endpointOf(plan, "peer");
  refuseUnused("connect", flags, [address]);
  heartbeatOf("connect", flags);
  if (flags.number("confirm") !== undefined) {
    (await import("../../api/confirm.ts")).refuseConfirm(address.scheme);
  }
  return plan;
}

export function run(plan: Plan, session: CommandContext): Promise<number> {
  const { flags, ports } = session;
  return oneSession(session, async (context, connections) => {
    const told = childPorts(ports, 1, "stdio:");
    const address = endpointOf(plan, "peer");
    const peer = await dial(address, context, told, flags.number("timeout"), connections);
    const b = await withConfirm(peer, flags.number("confirm"), context);
    const a = await dial(standardStreams, context, ports);
    return { a, b, options: endingOf(a, b, session) };
  });
}

async function withConfirm(
  peer: Duplex,
  longestMs: number | undefined,
  context: Context,
): Promise<Duplex> {
  if (longestMs === undefined) return peer;
  return (await import("../../api/confirm.ts")).confirmed(peer, longestMs, context);
}

/** `-` as an address. */
export const standardStreams = { scheme: "stdio", passive: false, options: [] } as const;

/**
 * How a session with standard input and output ends besides half-close: with the peer where a
 * person types, and with the answers where there are datagrams, which know no end.
 */
function endingOf(stdio: Duplex, peer: Duplex, { flags, context }: CommandContext): RelayOptions {
  const say = (text: string) => context.log.write("info", "ending", text);
  if (stdio.traits.terminal) say("on a terminal: the session ends when the peer ends");
  // One that is asked for replaces the whole rule: more answers than questions may come then.
  const waits = peer.traits.endless && flags.number("until-quiet") === undefined;
  if (waits) {
    say(
      `datagrams have no end: after the end of input it waits for as many replies as messages ` +
        `were sent, or for ${datagramQuietMs} ms of silence (--replies and --until-quiet change it)`,
    );
  }
  return {
    ...(stdio.traits.terminal ? { endWithPeer: true } : {}),
    ...(waits ? { replies: "as-sent", untilQuietMs: datagramQuietMs } : {}),
  };
}
