/**
 * What the two ends of a link are told, and what they tell.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex, Listener, Peer } from "../core/contract.ts";
import type { NetError } from "../core/error.ts";
import type { Reason } from "../core/reason.ts";
import type { SessionTally as RelayTally } from "../core/tally.ts";
import type { LinkCode } from "../wire/link_code.ts";
import type { ReconnectPolicy } from "./reconnect_machine.ts";
import type { ChannelKind } from "./session_events.ts";
import type { LinkSessionOptions, SessionTally } from "./session_options.ts";

/** What both ends are told. */
export interface LinkOptions extends Omit<LinkSessionOptions, "role" | "limits"> {
  /** The shared key, 32 bytes; null: whoever reaches the other end is let in. */
  readonly key: Uint8Array | null;
  /** False where nobody else can listen (loopback, a Unix socket, a process); default true. */
  readonly seals?: boolean;
}

/** What a client is told. */
export interface LinkClientOptions extends LinkOptions, ReconnectPolicy {
  /** Who it is, at most 64 bytes: the newest session of an identity wins. Default: nobody. */
  readonly identity?: string;
  /** The endpoint in the address language, for errors before there is a carrier. */
  readonly address?: string;
  /**
   * True: begins a new session where the server knows the old one no longer; channels and listeners
   * of the old one end. Default: that is the end.
   */
  readonly renews?: boolean;
  /**
   * Time for one attempt, dialling and handshake (ms). The dial keeps to it by itself; what is left
   * is the handshake's, and never more than the limit `link-handshake-time`, which is the default.
   */
  readonly timeoutMs?: number;
  /** As in `ReconnectOptions`. */
  readonly watchNetwork?: (retry: () => void) => Disposable;
  /** Told of each event at once, before `events`: for a log. What it throws is uncaught. */
  readonly tell?: (event: LinkEvent) => void;
}

/** What a server is told. */
export interface LinkServerOptions extends LinkOptions {
  /** How long a session without a carrier is kept; default and most: limit `link-retention`. */
  readonly retentionMs?: number;
  /** Told of each event at once, before `events`: for a log. What it throws is uncaught. */
  readonly tell?: (event: LinkServerEvent) => void;
}

/** What a peer asks to have opened. */
export interface LinkRequest {
  /** In the words of the peer: hostile until it was checked. */
  readonly target: string;
  /** What it is to carry. */
  readonly kind: ChannelKind;
  /** The other side of the carrier that it came by. */
  readonly peer: Peer;
  /** Who the client of the session says it is; "" where it does not. */
  readonly identity: string;
}

/**
 * What a peer may have done here; what is missing is not permitted. Whatever a handler throws is
 * what the peer is told, as a code and the reason's words.
 */
export interface LinkHandlers {
  /** Opens what the peer wants a channel to. Permits are looked up here, at every open. */
  open?(request: LinkRequest, context: Context): Promise<Duplex>;
  /** Listens for the peer; what is accepted becomes a channel to it. */
  listen?(request: Omit<LinkRequest, "kind">, context: Context): Promise<Listener>;
  /** Told how what was joined with a channel has ended: for a log. What it throws is uncaught. */
  ended?(request: LinkRequest, tally: RelayTally): void;
}

/** What happens to a client, in the order in which it does. */
export type LinkEvent =
  /** An attempt begins; those in a row are numbered from 1. */
  | { readonly state: "connecting"; readonly attempt: number }
  /** The session is up, on a new carrier. */
  | {
    readonly state: "up";
    /** False for the first carrier of a session. */
    readonly resumed: boolean;
    /** Frames that are sent again. */
    readonly resent: number;
    readonly local: Peer;
    readonly remote: Peer;
  }
  /** The carrier is silent for long enough that it will soon be taken for dead. */
  | { readonly state: "suspect" }
  /** The carrier is no more; the session goes on. */
  | {
    readonly state: "down";
    readonly reason: Reason;
    readonly error?: NetError;
    /** How long it was up. */
    readonly upMs: number;
  }
  /** The next attempt comes after a while. */
  | {
    readonly state: "waiting";
    readonly delayMs: number;
    readonly failures: number;
    readonly error?: NetError;
    readonly blame: "local" | "remote";
  }
  /** The server knows the session no longer: what was under way is lost. */
  | { readonly state: "session-gone"; readonly error: NetError }
  /** Another client of the same identity has taken over. */
  | { readonly state: "taken-over"; readonly error: NetError }
  /** There will be no more carriers. */
  | { readonly state: "ended"; readonly error?: NetError };

/** What a client has done. */
export interface LinkTally extends Readonly<SessionTally> {
  /** Sessions that were begun; more than one where the server forgot one. */
  readonly sessions: number;
  /** From its start to its end, in milliseconds. */
  readonly durationMs: number;
  /** What ended it, where that was not asked for. */
  readonly error?: NetError;
}

/** What happens to a server. `id` numbers its sessions from 1. */
export type LinkServerEvent =
  /** A client that proved itself begins a session, or goes on with it. */
  | {
    readonly state: "up";
    readonly id: number;
    readonly identity: string;
    readonly remote: Peer;
    readonly resumed: boolean;
  }
  /** Its carrier is no more; the session is kept for a while. */
  | { readonly state: "down"; readonly id: number; readonly error?: NetError }
  /** The session is over, with all its channels and listeners. */
  | {
    readonly state: "over";
    readonly id: number;
    readonly code: LinkCode | "forgotten";
    readonly error?: NetError;
  }
  /** A carrier was not let in. */
  | { readonly state: "refused"; readonly remote: Peer; readonly error: NetError };

/** One session of a server. */
export interface LinkServerSession {
  /** Serial number, from 1. */
  readonly id: number;
  /** Which client it is: the newest of an identity takes its session over. */
  readonly identity: string;
  /** The other side of its carrier; null while it has none. */
  readonly remote: Peer | null;
  /** Channels that are open. */
  readonly channels: number;
  /** What it has carried; live. */
  readonly tally: Readonly<SessionTally>;
}

/** How one carrier of a server was; what a `SessionHandler` gives. */
export interface CarrierReport {
  /** Why it is over. */
  readonly reason: Reason;
  /** What broke it, or why it was not let in. */
  readonly error?: NetError;
  /** Bytes that came, records and all. */
  readonly bytesIn: number;
  /** Bytes that were written. */
  readonly bytesOut: number;
}
