/**
 * What a connection that is made anew can be told, and what it tells.
 * @module
 */

import type { Duplex, Peer, Traits } from "../core/contract.ts";
import type { Context } from "../core/context.ts";
import type { NetError } from "../core/error.ts";
import type { Reason } from "../core/reason.ts";
import type { ReconnectPolicy } from "./reconnect_machine.ts";

/**
 * Makes one connection; called anew after each loss. What each connection must begin with (a
 * greeting, a login, a heartbeat) is done in here, before it is handed over.
 *
 * @param context aborted when the attempt is let go, and only then
 */
export type Dial = (context: Context) => Promise<Duplex>;

/** How a connection survives. */
export interface ReconnectOptions extends ReconnectPolicy {
  /**
   * What becomes of bytes that are written while there is no connection: they are held for the
   * next one (the default), thrown away, or refused with an error.
   */
  readonly whileDown?: "hold" | "drop" | "fail";
  /** How many bytes are held before a write waits; default 65,536. */
  readonly holdBytes?: number;
  /** The endpoint in the address language, for errors before there is a peer. */
  readonly address?: string;
  /** What to take a session for before there is one; default: a byte stream. */
  readonly traits?: Traits;
  /**
   * Called whenever it has no connection: what it gives is disposed once there is one. Calls
   * `retry` when the machine's own network has changed, for which it does not wait then.
   */
  readonly watchNetwork?: (retry: () => void) => Disposable;
  /** Told of each event at once, before `events`: for a log. What it throws is uncaught. */
  readonly tell?: (event: ConnectionEvent) => void;
}

/** What happens to a connection, in the order in which it does. */
export type ConnectionEvent =
  /** An attempt begins; those in a row are numbered from 1. */
  | { readonly state: "connecting"; readonly attempt: number }
  /** There is a connection. */
  | { readonly state: "up"; readonly attempt: number; readonly local: Peer; readonly remote: Peer }
  /** It is no more. */
  | {
    readonly state: "down";
    readonly reason: Reason;
    readonly error?: NetError;
    /** How long it was up. */
    readonly upMs: number;
    /** What the system had taken for it: never sent again, and the last of it may be lost. */
    readonly bytesHandedOver: number;
    /** Of those what the peer had not acknowledged, or null where that is not known. */
    readonly bytesUnacknowledged: number | null;
  }
  /** The next attempt comes after a while. */
  | {
    readonly state: "waiting";
    readonly delayMs: number;
    /** Attempts in a row that failed by the peer's fault. */
    readonly failures: number;
    /** Why there is no connection; none where the peer ended the last one in order. */
    readonly error?: NetError;
    /** Whose fault that is: only the peer's count. */
    readonly blame: "local" | "remote";
  }
  /** Bytes were thrown away for want of a connection (`drop`, or at the end). */
  | { readonly state: "dropped"; readonly bytes: number }
  /** There will be no more attempts. */
  | { readonly state: "given-up"; readonly error: NetError };

/** What all connections of one session have done. */
export interface ReconnectTally {
  /** Connections there have been. */
  connections: number;
  /** Bytes that were taken for a connection that was lost, and not known to be acknowledged. */
  bytesAtRisk: number;
  /** Bytes that were thrown away. */
  bytesDropped: number;
}

/** Where a connection is now, for a tally. */
export interface ConnectionStatus {
  /** Whether there is a connection; "over": there will be none. */
  readonly state: "connecting" | "up" | "waiting" | "over";
  /** The endpoint, or the peer of the last connection. */
  readonly address: string;
  /** Attempts in a row so far, from 1. */
  readonly attempt: number;
  /** Until the next attempt, in milliseconds; 0 unless it waits. */
  readonly delayMs: number;
  /** Connections there have been. */
  readonly connections: number;
}
