/**
 * What an acceptor may do: bounds, one session or many, and when to stop.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Listener } from "../core/contract.ts";
import type { SessionOutcome } from "./contract.ts";

/** What a handler is told of its session. */
export interface SessionInfo {
  /** Serial number of the session, in all of the process. */
  readonly id: number;
  /** Where it came in. */
  readonly listener: Listener;
  /**
   * Aborted when the server stops accepting: a session that knows where its requests end finishes
   * the current one and closes. Listen once for a whole server and not for each session: a signal
   * is slow to forget one of thousands of listeners.
   */
  readonly draining?: AbortSignal;
}

/**
 * Serves one session. The session is closed when it settles, also when it throws: a failure ends
 * this session and never the server.
 *
 * @param context its signal is aborted, with a `SessionEnd`, when the session is cut
 */
export type SessionHandler = (
  session: Duplex,
  context: Context,
  info: SessionInfo,
) => Promise<SessionOutcome>;

/** How a server accepts; everything has a default. */
export interface AcceptPolicy {
  /** Most connections at a time; default: the limit `connections`. The others wait in the backlog. */
  readonly maximumSessions?: number;
  /** Descriptors that this process may open: it serves no more connections than that less a reserve. */
  readonly descriptors?: number;
  /** Most connections of one peer address; default: the limit `connections-per-peer`. */
  readonly maximumPerPeer?: number;
  /** Serves one session; the listeners close as soon as it is there. */
  readonly once?: boolean;
  /** Aborted: accept no more, let the sessions end. */
  readonly drain?: AbortSignal;
  /** How long they may take (ms) before they are cut; default 10,000. */
  readonly drainMs?: number;
  /** Gives session ids; default: counts from 1 in all of the process. */
  readonly nextId?: () => number;
}

/** As long as people wait for a server to stop before they send the next signal. */
export const defaultDrainMs = 10_000;

let lastId = 0;

/** The default of `nextId`. */
export function nextSessionId(): number {
  return ++lastId;
}

/** The most connections at a time that policy and limits allow; at least one. */
export function connectionBound(policy: AcceptPolicy, context: Context): number {
  const { limits } = context;
  const asked = policy.maximumSessions ?? limits.connections;
  const { descriptors = Infinity } = policy;
  return Math.max(1, Math.min(asked, descriptors - limits["descriptor-reserve"]));
}
