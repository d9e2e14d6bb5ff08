/**
 * `plumb listen ADDR`: wait for one peer, then standard input and output to it.
 * @module
 */

import { dial } from "../../api/connect.ts";
import type { Address } from "../../core/address.ts";
import { type Context, deriveContext } from "../../core/context.ts";
import type { Duplex } from "../../core/contract.ts";
import { SessionEnd } from "../../core/reason.ts";
import { Lender } from "../../stream/lend.ts";
import type { RelayOptions } from "../../stream/relay.ts";
import type { CommandContext, Invocation } from "../command.ts";
import { statusOfSignal } from "../exit.ts";
import type { Flags } from "../flag.ts";
import { heartbeatOf } from "../heartbeat_value.ts";
import { firstPeer, listenForOne, peerWithin } from "../first_peer.ts";
import { listenForGaps, refuseGaps } from "../gap_report.ts";
import { usage } from "../normalise.ts";
import { KeptTally } from "../kept_tally.ts";
import { type LiveTotals, sayLiveTally } from "../live_tally.ts";
import { oneSession, runSession } from "../one_session.ts";
import type { Plan } from "../plan.ts";
import { endpointOf, planEndpoint } from "../planned_endpoint.ts";
import { drainOnSignal } from "../signals.ts";
import { standardStreams } from "./connect.ts";

export function plan(invocation: Invocation): Plan {
  const [text = ""] = invocation.positionals;
  const endpoint = planEndpoint("address", text, "passive");
  refuseGaps(invocation.flags, endpoint.scheme);
  refuseDrain(invocation.flags);
  heartbeatOf("listen", invocation.flags);
  return invocation.plan({ endpoints: [endpoint] });
}

export function run(plan: Plan, session: CommandContext): Promise<number> {
  const address = endpointOf(plan, "address");
  if (session.flags.flag("gaps")) return listenForGaps(address, session);
  return session.flags.flag("keep") ? keepOn(address, session) : once(address, session);
}

/** One session ends at once when a signal comes: there is nothing to drain. */
function refuseDrain(flags: Flags): void {
  if (flags.source("drain") !== "flag" || flags.flag("keep")) return;
  throw usage("listen", "--drain goes with --keep");
}

function once(address: Address, session: CommandContext): Promise<number> {
  return oneSession(session, async (context) => {
    const timeoutMs = session.flags.number("timeout");
    const { peer, finish } = await firstPeer(address, context, session, timeoutMs);
    const a = await dial(standardStreams, context, session.ports);
    return { a, b: peer, finish, options: endingOf(a) };
  });
}

/** `--keep`: one peer after another; the others wait in the backlog. */
async function keepOn(address: Address, session: CommandContext): Promise<number> {
  using signals = drainOnSignal(session.host, session.context);
  const { context, drain } = signals;
  const drainMs = session.flags.number("drain") ?? 0;
  await using listening = await listenForOne(address, context, session);
  const input = new Lender(await dial(standardStreams, context, session.ports));
  const closeAtDrain = () => void listening[Symbol.asyncDispose]();
  drain.addEventListener("abort", closeAtDrain, { once: true });
  const kept = new KeptTally();
  using _tally = sayLiveTally(session, () => kept.totals());
  let timeoutMs = session.flags.number("timeout"); // for the first peer alone
  while (!drain.aborted) {
    const peer = timeoutMs === undefined
      ? await listening.accept()
      : await peerWithin(listening, address, context, timeoutMs).catch((thrown) => {
        if (drain.aborted) return null;
        throw thrown;
      });
    if (peer === null) break;
    timeoutMs = undefined;
    using limited = limitedByDrain(context, drain, drainMs);
    const stdio = input.borrow();
    const options = { ...endingOf(stdio), id: kept.accepted() };
    const follow = (totals: () => LiveTotals) => kept.follow(totals);
    const ends = { a: stdio, b: peer, options, follow };
    kept.ended(await runSession(session, limited.context, ends));
  }
  const signal = signals.received();
  return signal !== null && (kept.wasCut || signals.forced()) ? statusOfSignal(signal) : 0;
}

/** At a terminal a session ends with its peer, as that of `connect` does. */
function endingOf(stdio: Duplex): RelayOptions {
  return stdio.traits.terminal ? { endWithPeer: true } : {};
}

/** A context for one session that ends `drainMs` after the drain began. */
function limitedByDrain(context: Context, drain: AbortSignal, drainMs: number) {
  const child = deriveContext(context);
  let timer = { cancel: () => {} };
  const onDrain = () => {
    timer = context.clock.timer(drainMs, () => child.abort(new SessionEnd("drain")));
  };
  drain.addEventListener("abort", onDrain, { once: true });
  return {
    context: child.context,
    [Symbol.dispose]() {
      drain.removeEventListener("abort", onDrain);
      timer.cancel();
      child[Symbol.dispose]();
    },
  };
}
