/**
 * `plumb relay A B`: join two endpoints.
 * @module
 */

import { formatAddress } from "../../address/format.ts";
import { childPorts } from "../../api/child_ports.ts";
import { dial } from "../../api/connect.ts";
import type { Connections } from "../../api/connections.ts";
import type { Listening } from "../../api/listen.ts";
import { modelOf } from "../../api/models.ts";
import { refuseRelay, refuseRelayModel, relay } from "../../api/relay.ts";
import type { Address } from "../../core/address.ts";
import { type Context, deriveContext } from "../../core/context.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { firstOf, type FirstPeer, firstPeer, listenForOne } from "../first_peer.ts";
import { checkServerFlags, checkTakeover, manySessions } from "../many_sessions.ts";
import type { Flags } from "../flag.ts";
import { drainFlag } from "../flags.ts";
import { heartbeatOf } from "../heartbeat_value.ts";
import { refuseUnused } from "../lasting_defaults.ts";
import { modelFlags } from "../model_flags.ts";
import { modelOptionsOf } from "../model_options.ts";
import { usage } from "../normalise.ts";
import { oneSession } from "../one_session.ts";
import type { Plan } from "../plan.ts";
import { endpointOf, planEndpoint } from "../planned_endpoint.ts";
import { serverFlags } from "../server_flags.ts";
import { equipmentOf, framingOf, relayOptionsOf, sayDump } from "../session_options.ts";

export async function plan(invocation: Invocation): Promise<Plan> {
  await checkServerFlags(invocation);
  const [textA = "", textB = ""] = invocation.positionals;
  const plan = invocation.plan({
    endpoints: [
      planEndpoint("a", textA, undefined, invocation.flags),
      planEndpoint("b", textB, undefined, invocation.flags),
    ],
  });
  const [a, b] = [endpointOf(plan, "a"), endpointOf(plan, "b")];
  refuseUnused("relay", invocation.flags, [a, b]);
  heartbeatOf("relay", invocation.flags);
  refuseRelay(a, b, invocation.flags.flag("public") ?? false);
  if (!isSingle(a, b, invocation.flags)) {
    if (invocation.flags.flag("child-status")) {
      throw usage("relay", "--child-status is for relays of one session", "add --once");
    }
    refuseRelayModel(modelOf(modelOptionsOf(invocation.flags, "relay")), a, b);
  } else {
    refuseServerFlags(invocation.flags);
  }
  checkTakeover(invocation.flags, [a, b].filter(({ passive }) => passive), a.passive && b.passive);
  return plan;
}

export function run(plan: Plan, session: CommandContext): Promise<number> {
  const a = endpointOf(plan, "a");
  const b = endpointOf(plan, "b");
  return isSingle(a, b, session.flags) ? once(a, b, session) : many(a, b, session);
}

/** What would be accepted and do nothing, an access list above all, is refused. */
function refuseServerFlags(flags: Flags): void {
  const rows = [...serverFlags, ...modelFlags, drainFlag];
  const given = rows.map(({ name }) => name).find((name) => flags.source(name) === "flag");
  if (given !== undefined) throw usage("relay", `--${given} is for relays that serve many`);
}

/** True for a relay of one session. */
function isSingle(a: Address, b: Address, flags: Flags): boolean {
  const hasStandardStreams = a.scheme === "stdio" || b.scheme === "stdio";
  return hasStandardStreams || flags.flag("once") === true || (!a.passive && !b.passive);
}

function many(a: Address, b: Address, session: CommandContext): Promise<number> {
  const { flags } = session;
  const timeoutMs = flags.number("timeout");
  const heartbeat = heartbeatOf("relay", flags);
  return manySessions(session, (context, policy) =>
    relay(a, b, {
      ...context,
      ...policy,
      descriptorsPerSession: descriptorsOf(a) + descriptorsOf(b),
      ...relayOptionsOf(flags),
      stdio: session.ports.stdio,
      public: flags.flag("public") ?? false,
      framing: framingOf(flags),
      ...modelOptionsOf(flags, "relay"),
      ...(heartbeat === undefined ? {} : { heartbeat }),
      equipment: equipmentOf(flags),
      say: sayDump(session),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }));
}

/** Descriptors that one session takes at an end: a process has three pipes and its own. */
function descriptorsOf({ scheme }: Address): number {
  return scheme === "exec" || scheme === "sh" ? 4 : 1;
}

/** Passive ends first: a peer that came is what the other end is opened for. */
function once(a: Address, b: Address, session: CommandContext): Promise<number> {
  const peer = a.passive && !b.passive ? "a" : "b";
  return oneSession(session, async (context, connections) => {
    const [left, right] = a.passive && b.passive
      ? await bothFirstPeers(a, b, context, session)
      : await peerThenOther(a, b, context, session, connections);
    const finish = async () => {
      await left.finish();
      await right.finish();
    };
    return { a: left.peer, b: right.peer, finish, options: { peer } };
  });
}

/** Both listen from the start, so that either peer may be the first to come. */
async function bothFirstPeers(
  a: Address,
  b: Address,
  parent: Context,
  session: CommandContext,
): Promise<readonly [FirstPeer, FirstPeer]> {
  using child = deriveContext(parent);
  const { context } = child;
  const listeningA = await listenForOne(a, context, session);
  const listeningB = await listenForOne(b, context, session).catch(async (thrown) => {
    await listeningA[Symbol.asyncDispose]();
    throw thrown;
  });
  const first = async (address: Address, listening: Listening) => {
    try {
      return await firstOf(listening, address, context);
    } catch (thrown) {
      child.abort(thrown); // the other end must not wait for a peer that has no partner
      throw thrown;
    }
  };
  const [left, right] = await Promise.allSettled([first(a, listeningA), first(b, listeningB)]);
  if (left.status === "fulfilled" && right.status === "fulfilled") {
    return [left.value, right.value];
  }
  for (const end of [left, right]) if (end.status === "fulfilled") await giveUp(end.value);
  throw parent.signal.aborted ? parent.signal.reason : child.context.signal.reason;
}

async function peerThenOther(
  a: Address,
  b: Address,
  context: Context,
  session: CommandContext,
  connections: Connections,
): Promise<readonly [FirstPeer, FirstPeer]> {
  const [first, second] = b.passive ? [b, a] : [a, b];
  const one = first.passive
    ? await firstPeer(first, context, session)
    : await opened(first, context, session, connections, formatAddress(second));
  try {
    const { remote, local } = one.peer;
    const reached = first.passive ? local.text : "";
    const other = await opened(second, context, session, connections, remote.text, reached);
    return first === a ? [one, other] : [other, one];
  } catch (thrown) {
    await giveUp(one, thrown);
    throw thrown;
  }
}

/** Opens an active end; `peer` and `reached` are what its child is told of the session. */
async function opened(
  address: Address,
  context: Context,
  { ports, flags }: CommandContext,
  connections: Connections,
  peer: string,
  reached = "",
): Promise<FirstPeer> {
  const told = childPorts(ports, 1, peer, reached);
  const end = await dial(address, context, told, flags.number("timeout"), connections);
  return { peer: end, finish: () => Promise.resolve() };
}

async function giveUp(end: FirstPeer, reason?: unknown): Promise<void> {
  end.peer.abort(reason);
  await end.finish();
}
