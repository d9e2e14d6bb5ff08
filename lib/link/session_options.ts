/**
 * How a link session is set up, and what it has done.
 * @module
 */

import { defaultLimits, type Limits } from "../core/limits.ts";
import { maximumDataBytes } from "../wire/link_frame.ts";

/** Who dialled: it decides who gives which channel numbers. */
export type LinkRole = "client" | "server";

/** How a session is set up. Sizes in bytes, times in milliseconds. */
export interface LinkSessionOptions {
  /** The client gives odd channel numbers, the server even ones. */
  readonly role: LinkRole;
  /** Bounds in force: those named `link-*`; default `defaultLimits`. */
  readonly limits?: Limits;
  /** When a silent carrier is dead; null: never. Default every 5 s, 3 misses. */
  readonly heartbeat?: LinkHeartbeat | null;
  /**
   * Most that the peer may send on one channel before it was read here; default the limit
   * `link-window`. At least 1 KiB; never more than the limit.
   */
  readonly windowBytes?: number;
  /** Memory of what was sent and not yet acknowledged; default and most: limit `link-replay`. */
  readonly replayBytes?: number;
  /**
   * Bytes of a write whose frames are laid out to be sent as they lie (`pullRun`): what a stream at
   * speed writes; default four of the longest frames. Those of a smaller one have memory of their own.
   */
  readonly largeWriteBytes?: number;
  /** An acknowledgement waits so long for more to acknowledge; default 25 ms. */
  readonly ackDelayMs?: number;
  /** A datagram that could not be sent within this time is dropped; default 5 s. */
  readonly datagramExpiryMs?: number;
}

/** How often life is looked for, and when it is over. */
export interface LinkHeartbeat {
  /** One PING in this time. */
  readonly everyMs: number;
  /** So many intervals without any frame of the peer. */
  readonly misses: number;
  /** Added to the whole; default 0. */
  readonly graceMs?: number;
}

/** Heartbeat of a link unless it is given: a dead carrier is noticed within 20 s. */
export const defaultLinkHeartbeat: LinkHeartbeat = { everyMs: 5_000, misses: 3 };

/** The options with every default filled in, and bounded by the limits. */
export interface SessionSettings extends Required<Omit<LinkSessionOptions, "heartbeat">> {
  /** Null: a silent carrier is never called dead. */
  readonly heartbeat: LinkHeartbeat | null;
}

/** Less would make more frames than data. */
const leastWindowBytes = 1024;

/** One frame of the largest kind, and some of the others. */
const leastReplayBytes = 128 * 1024;

/** Fills in defaults. */
export function settingsOf(options: LinkSessionOptions): SessionSettings {
  const limits = options.limits ?? defaultLimits;
  const window = Math.min(options.windowBytes ?? Infinity, limits["link-window"]);
  const replay = Math.min(options.replayBytes ?? Infinity, limits["link-replay"]);
  return {
    role: options.role,
    limits,
    heartbeat: options.heartbeat === undefined ? defaultLinkHeartbeat : options.heartbeat,
    windowBytes: Math.max(leastWindowBytes, window),
    replayBytes: Math.max(leastReplayBytes, replay),
    largeWriteBytes: options.largeWriteBytes ?? 4 * maximumDataBytes,
    ackDelayMs: options.ackDelayMs ?? 25,
    datagramExpiryMs: options.datagramExpiryMs ?? 5_000,
  };
}

/** What a session has done so far. */
export interface SessionTally {
  /** Carriers that were attached. */
  carriers: number;
  /** Sequenced frames sent for the first time. */
  framesSent: number;
  /** Sequenced frames received. */
  framesReceived: number;
  /** Bytes of all frames pulled, those sent again included. */
  bytesSent: number;
  /** Bytes of all frames received. */
  bytesReceived: number;
  /** Sequenced frames that were sent again on a later carrier. */
  framesResent: number;
  /** Their bytes. */
  bytesResent: number;
  /** Sequenced frames of ours that the peer has acknowledged. */
  framesAcknowledged: number;
  /** Datagrams of ours that were too old to be sent, or to be sent again. */
  datagramsExpired: number;
  /** Datagrams of the peer that it has told us expired after they had a number. */
  datagramsSkipped: number;
  /** Last measured round trip of a PING (ms); null before the first. */
  roundTripMs: number | null;
}
