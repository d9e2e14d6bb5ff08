/**
 * `plumb link ADDR`: the side that connects.
 * @module
 */

import { parseAddress } from "../address/parse.ts";
import type { Forward } from "../address/forward.ts";
import { parseBackoff, parseReconnect } from "../address/lasting.ts";
import { defaultTimeoutMs } from "../api/endpoint.ts";
import { Link, type LinkCallOptions } from "../api/link.ts";
import { defaultIdentity } from "../api/link_identity.ts";
import type { CommandContext } from "./command.ts";
import { statusOfSignal } from "./exit.ts";
import { linkHeartbeatOf, linkSecurityOf } from "./link_options.ts";
import { type LiveTotals, sayLiveTally } from "./live_tally.ts";
import type { Plan } from "./plan.ts";
import { lostSession } from "./session_error.ts";
import { drainOnSignal } from "./signals.ts";

/**
 * Holds a link until a signal ends it, or something that cannot be mended.
 *
 * @returns 0 where a signal ended it and every connection had ended by itself, else 128 + N
 * @throws {NetError} what is wrong with the key; why it was not let in; what listening says; what
 * ended it
 */
export async function runLinkClient(plan: Plan, session: CommandContext): Promise<number> {
  const { host } = session;
  const options = await optionsOf(plan, session);
  let link: Link | undefined;
  using signals = drainOnSignal(host, session.context, { reload: () => link?.retryNow() });
  const { context, drain } = signals;
  await using held = link = Link.begin(plan.endpoints[0]?.address ?? "", {
    ...context,
    ...options,
    drain,
  });
  try {
    using _tally = sayLiveTally(session, () => totalsOf(held));
    await held.ready;
    const { error } = await held.done;
    const signal = signals.received();
    if (signal === null) {
      if (error !== undefined) throw lostSession(error);
      return 0;
    }
    const cut = held.tally()?.done.cut ?? 0;
    return cut > 0 || signals.forced() ? statusOfSignal(signal) : 0;
  } catch (thrown) {
    // What fails because everything was told to stop is no failure of its own.
    const signal = signals.received();
    if (signal !== null) return statusOfSignal(signal);
    throw thrown;
  }
}

async function optionsOf(plan: Plan, { flags, ports }: CommandContext): Promise<LinkCallOptions> {
  const [backoff, attempts] = [flags.text("backoff"), flags.text("reconnect")];
  const heartbeat = linkHeartbeatOf(flags);
  const words = plan.endpoints.map(({ role, address }) => `${role} ${address}`);
  return {
    ...linkSecurityOf(flags),
    stdio: ports.stdio,
    forwards: pairsOf(plan, "forward"),
    reverses: pairsOf(plan, "reverse"),
    public: flags.flag("public") ?? false,
    identity: flags.text("identity") ?? await defaultIdentity(words),
    ...(heartbeat === undefined ? {} : { heartbeat }),
    ...(backoff === undefined ? {} : { backoff: parseBackoff(backoff) }),
    ...(attempts === undefined ? {} : { maximumAttempts: parseReconnect(attempts) ?? 1 }),
    timeoutMs: flags.number("timeout") ?? defaultTimeoutMs,
    ...(flags.number("drain") === undefined ? {} : { drainMs: flags.number("drain") ?? 0 }),
  };
}

/** The pairs of a plan: the two ends of each stand one after the other. */
function pairsOf({ endpoints }: Plan, role: "forward" | "reverse"): readonly Forward[] {
  const ends = (of: string) =>
    endpoints.filter((end) => end.role === of).map(({ address }) => parseAddress(address));
  const targets = ends(`${role} to`);
  return ends(role).flatMap((listen, at) => {
    const target = targets[at];
    return target === undefined ? [] : [{ listen, target }];
  });
}

/** Before it is up. */
const nothing = { accepted: 0, refused: 0, ended: 0, cut: 0, failed: 0, bytesIn: 0, bytesOut: 0 };

function totalsOf(link: Link): LiveTotals {
  const { done, open } = link.tally() ?? { done: nothing, open: 0 };
  const { bytesIn, bytesOut, accepted, refused, ended, cut, failed } = done;
  return {
    counts: { accepted, refused, ended, cut, failed },
    aToB: { bytes: bytesIn, writes: accepted },
    bToA: { bytes: bytesOut, writes: accepted },
    peer: "a",
    sessions: open,
  };
}
