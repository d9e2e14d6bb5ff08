/**
 * `plumb relay A B`: join two endpoints.
 * @module
 */

import { dial } from "../../api/connect.ts";
import { refuseRelay, relay } from "../../api/relay.ts";
import type { Address } from "../../core/address.ts";
import type { Context } from "../../core/context.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { type FirstPeer, firstPeer } from "../first_peer.ts";
import { manySessions } from "../many_sessions.ts";
import { oneSession } from "../one_session.ts";
import type { Plan } from "../plan.ts";
import { endpointOf, planEndpoint } from "../planned_endpoint.ts";
import { equipped, framingOf, relayOptionsOf } from "../session_options.ts";

export function plan(invocation: Invocation): Plan {
  const [textA = "", textB = ""] = invocation.positionals;
  const plan = invocation.plan({
    endpoints: [planEndpoint("a", textA), planEndpoint("b", textB)],
  });
  const [a, b] = [endpointOf(plan, "a"), endpointOf(plan, "b")];
  refuseRelay(a, b, invocation.flags.flag("public") ?? false);
  return plan;
}

export function run(plan: Plan, session: CommandContext): Promise<number> {
  const a = endpointOf(plan, "a");
  const b = endpointOf(plan, "b");
  const hasStandardStreams = a.scheme === "stdio" || b.scheme === "stdio";
  const isOne = hasStandardStreams || session.flags.flag("once") || (!a.passive && !b.passive);
  return isOne ? once(a, b, session) : many(a, b, session);
}

function many(a: Address, b: Address, session: CommandContext): Promise<number> {
  const { flags } = session;
  const timeoutMs = flags.number("timeout");
  return manySessions(session, (context, policy) =>
    relay(a, b, {
      ...context,
      ...policy,
      ...relayOptionsOf(flags),
      stdio: session.ports.stdio,
      public: flags.flag("public") ?? false,
      framing: framingOf(flags),
      equip: (end, info) => equipped(end, session, `.${info.id}`),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }));
}

/** Passive ends first: a peer that came is what the other end is opened for. */
function once(a: Address, b: Address, session: CommandContext): Promise<number> {
  const peer = a.passive && !b.passive ? "a" : "b";
  return oneSession(session, async (context) => {
    const [first, second] = b.passive && !a.passive ? [b, a] : [a, b];
    const one = await openEnd(first, context, session);
    let other: FirstPeer;
    try {
      other = await openEnd(second, context, session);
    } catch (thrown) {
      one.peer.abort(thrown);
      await one.finish();
      throw thrown;
    }
    const [left, right] = first === a ? [one, other] : [other, one];
    const finish = async () => {
      await one.finish();
      await other.finish();
    };
    return { a: left.peer, b: right.peer, finish, options: { peer } };
  });
}

async function openEnd(
  address: Address,
  context: Context,
  session: CommandContext,
): Promise<FirstPeer> {
  if (address.passive) return await firstPeer(address, context, session);
  const { ports, flags } = session;
  const peer = await dial(address, context, ports, flags.number("timeout"));
  return { peer, finish: () => Promise.resolve() };
}
