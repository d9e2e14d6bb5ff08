/**
 * What an acceptor may do: bounds, who is let in, one session or many, and when to stop.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { ChildStatus, Duplex, Listener, Peer } from "../core/contract.ts";
import type { ServerTally } from "../core/tally.ts";
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
  /**
   * How many sessions the server has open, in all its processes and threads; those hear it once a
   * second, threads of a pool when a session begins. Missing where it is not known.
   */
  readonly sessions?: () => number;
  /**
   * Takes where what has passed so far can be looked up: the server's tally is live. A handler that
   * does not say it is counted by its outcome.
   */
  readonly watch?: (live: SessionFlows) => void;
}

/** What has passed in a session; may change while it is open. */
export interface SessionFlows {
  /** Bytes that came from the peer. */
  readonly bytesIn: number;
  /** Bytes that were written to the peer. */
  readonly bytesOut: number;
}

/** A tally with what has passed in sessions that are still open. */
export function addFlows(tally: ServerTally, open: Iterable<SessionFlows>): ServerTally {
  let { bytesIn, bytesOut } = tally;
  for (const flows of open) {
    bytesIn += flows.bytesIn;
    bytesOut += flows.bytesOut;
  }
  return { ...tally, bytesIn, bytesOut };
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
) => Promise<SessionReport>;

/**
 * What happens to a client for whom there is no place: it waits in the kernel's backlog, or is
 * accepted and reset.
 */
export type WhenFull = "wait" | "reset";

/** How a server accepts; everything has a default. */
export interface AcceptPolicy {
  /** Most connections at a time; default: the limit `connections`. */
  readonly maximumSessions?: number;
  /** Descriptors that this process may open: it serves no more connections than that less a reserve. */
  readonly descriptors?: number;
  /** How many of them a session takes; default 1. A relay has two ends. */
  readonly descriptorsPerSession?: number;
  /** How many of them are kept for the threads that serve; default none. */
  readonly descriptorsKept?: number;
  /** Most connections of one peer address; default: the limit `connections-per-peer`. */
  readonly maximumPerPeer?: number;
  /** Most datagrams a second that are taken of one host; the others are dropped. Default: any. */
  readonly ratePerPeer?: number;
  /** At `maximumSessions`; default "wait". */
  readonly whenFull?: WhenFull;
  /** Sent to whoever finds no place, before its connection is closed; takes the place of `whenFull`. */
  readonly busyMessage?: string;
  /** Most connections let in a second; the others wait in the backlog. Default: any number. */
  readonly acceptRate?: number;
  /**
   * The access list: why a peer is not let in, or null where it is. Asked for each connection, so
   * that a list read anew holds for the next one and leaves open sessions alone.
   */
  readonly access?: (peer: Peer) => string | null;
  /** Ends a session when its peer has sent nothing for so long (ms) after it was let in. */
  readonly firstByteMs?: number;
  /**
   * The handler ends a session that is cut by itself, soon: it has something to say to the peer
   * before. Default: the session is aborted under it.
   */
  readonly cutsItself?: boolean;
  /** One client at a time is what is wanted: that there is no further place is no news then. */
  readonly isIterative?: boolean;
  /** Serves one session; the listeners close as soon as it is there. */
  readonly once?: boolean;
  /** Aborted: accept no more, let the sessions end. */
  readonly drain?: AbortSignal;
  /** How long they may take (ms) before they are cut; default 10,000. */
  readonly drainMs?: number;
  /** Gives session ids; default: counts from 1 in all of the process. */
  readonly nextId?: () => number;
}

/** A connection that asks to be let in. */
export interface Arrival {
  /** Who asks. */
  readonly remote: Peer;
  /** The listener where it came in. */
  readonly local: Peer;
  /** A datagram session: it takes no descriptor and has bounds of its own (`sessionsOf`). */
  readonly datagrams?: boolean;
}

/** Why a connection was turned away. */
export type Refusal = "access" | "full" | "per-peer" | "draining" | "unserved";

/** What becomes of an arrival. */
export type Admission =
  | { readonly kind: "serve"; readonly id: number }
  | { readonly kind: "refuse"; readonly how: "reset" | "busy"; readonly why: Refusal };

/** How a session that was let in has ended, for its line and for the tally. */
export interface SessionReport extends SessionOutcome {
  /** What served it, where that is not this process's own loop: `process 812`, `thread 2`. */
  readonly worker?: string;
  /** How the process that served it, or its `exec:`, has finished. */
  readonly child?: ChildStatus;
  /** Where it has two ends that are told apart: the one that is not the peer, as text. */
  readonly other?: string;
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
  const asked = policy.maximumSessions ?? context.limits.connections;
  return Math.min(asked, descriptorBound(policy, context));
}

/**
 * The most connections at a time that there are descriptors for; at least one. The runtime itself
 * has about 30 open, so that of a small limit five eighths are kept back, of others the reserve.
 */
export function descriptorBound(policy: AcceptPolicy, { limits }: Context): number {
  const { descriptors = Infinity, descriptorsPerSession = 1, descriptorsKept = 0 } = policy;
  const reserve = Math.min(limits["descriptor-reserve"], Math.ceil(descriptors * 5 / 8));
  const free = descriptors - reserve - descriptorsKept;
  return Math.max(1, Math.floor(free / descriptorsPerSession));
}
