/**
 * What commands with one session have in common: signals, taps, the session line, exit status.
 * @module
 */

import { Connections } from "../api/connections.ts";
import { joined } from "../stream/join.ts";
import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import type { SessionTally } from "../core/tally.ts";
import { sessionFields } from "../service/session_line.ts";
import { Relay, type RelayOptions } from "../stream/relay.ts";
import type { CommandContext } from "./command.ts";
import { statusOfSession, statusOfSignal } from "./exit.ts";
import { type LiveTotals, sayLiveTally, sayTally } from "./live_tally.ts";
import { endedSession, sessionLine } from "./report.ts";
import { retryConnections } from "./retrying.ts";
import { sessionError } from "./session_error.ts";
import { equipped, framingOf, relayOptionsOf } from "./session_options.ts";
import { endOnSignal } from "./signals.ts";

/** The two ends of a session that was opened, and what its kind of ends asks for. */
export interface OpenedSession {
  readonly a: Duplex;
  readonly b: Duplex;
  readonly options?: RelayOptions;
  /** What else has to be closed when the session is over. */
  readonly finish?: () => Promise<void>;
}

/**
 * Runs one session from opening to exit status. A signal ends it at once, in any state, with
 * 128 + N.
 *
 * @throws {NetError} what `open` throws, and what broke the session
 */
export async function oneSession(
  session: CommandContext,
  open: (context: Context, connections: Connections) => Promise<OpenedSession>,
): Promise<number> {
  const { host, flags, context } = session;
  const connections = new Connections();
  using signals = endOnSignal(host, context, {
    retry: () => connections.size > 0 && retryConnections(connections, context),
  });
  let finish: OpenedSession["finish"];
  try {
    const opened = await openTold(session, connections, () => open(signals.context, connections));
    finish = opened.finish;
    const follow = (totals: () => LiveTotals) =>
      sayLiveTally(session, () => ({ ...totals(), connections }));
    const tally = await runSession(session, signals.context, { ...opened, follow });
    const error = sessionError(tally, isUnanswered(opened, tally));
    if (error !== undefined) throw error;
    const { child } = tally; // only commands that may have one take the flag
    const childCode = child !== undefined && flags.flag("child-status") ? child.code : undefined;
    return childCode ?? statusOfSession(tally, signals.received() ?? undefined);
  } catch (thrown) {
    // What fails because everything was told to stop is no failure of its own.
    const signal = signals.received();
    if (signal !== null) return statusOfSignal(signal);
    throw thrown;
  } finally {
    await finish?.();
  }
}

/** Opens, which with `reconnect` may take long: SIGUSR2 asks how far it is. */
async function openTold(
  { host, context }: CommandContext,
  connections: Connections,
  open: () => Promise<OpenedSession>,
): Promise<OpenedSession> {
  const startMs = context.clock.now();
  const none = { bytes: 0, writes: 0 };
  const stop = host.onSignal("SIGUSR2", () => {
    sayTally(context, { aToB: none, bToA: none, peer: "b", sessions: 0, connections }, startMs);
  });
  try {
    return await open();
  } finally {
    stop();
  }
}

/** True where the peer is one of datagrams and has never sent any. */
function isUnanswered({ a, b, options }: OpenedSession, tally: SessionTally): boolean {
  const [peer, flow] = options?.peer === "a" ? [a, tally.aToB] : [b, tally.bToA];
  return peer.traits.endless === true && flow.writes === 0;
}

/** Two ends that are to be joined. */
export interface JoinedEnds extends OpenedSession {
  /** Is given what tells the figures while they move; what it returns is disposed at the end. */
  readonly follow: (totals: () => LiveTotals) => Disposable;
}

/** Relays two ends under the session flags and says how it went (`-v`). */
export async function runSession(
  session: CommandContext,
  context: Context,
  { a, b, options = {}, follow }: JoinedEnds,
): Promise<SessionTally> {
  const { flags } = session;
  const equippedA = await equipped(a, session).catch(async (thrown) => {
    await b[Symbol.asyncDispose]();
    throw thrown;
  });
  const [left, right] = joined(equippedA, b, framingOf(flags), context.limits.line);
  const given = { ...options, ...relayOptionsOf(flags) };
  const relay = new Relay(left, right, context, { id: 1, ...given });
  const { peer = "b" } = options;
  using _tally = follow(() => ({ aToB: relay.aToB, bToA: relay.bToA, peer, sessions: 1 }));
  const tally = await relay.run();
  const ends = { a: a.remote, b: b.remote, peer, local: (peer === "a" ? a : b).local };
  const fields = sessionFields(endedSession(tally, ends));
  context.log.write("info", "session", sessionLine(tally, ends), fields);
  return tally;
}
