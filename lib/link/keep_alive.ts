/**
 * A session with a heartbeat: what it is told is passed on, and a peer that gives no sign of life is
 * noticed.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { Duplex } from "../core/contract.ts";
import type { NetError } from "../core/error.ts";
import type { PingPongResult } from "./pingpong.ts";
import type { HeartbeatOptions } from "./heartbeat_options.ts";

/** What happens to a heartbeat. */
export type HeartbeatEvent =
  /** The peer is heard again after it was late. */
  | { readonly state: "alive"; readonly silentMs: number }
  /** No sign of life for longer than the interval. */
  | { readonly state: "suspect"; readonly silentMs: number }
  /** It is given up: the session was aborted. The last event. */
  | { readonly state: "dead"; readonly silentMs: number; readonly error: NetError }
  /** An answer came (mode "pingpong"). */
  | { readonly state: "pong"; readonly result: PingPongResult };

/** A session with a heartbeat. */
export interface KeptAlive extends Duplex {
  /** What happens, for any number of readers; it ends with the session. */
  readonly events: AsyncIterable<HeartbeatEvent>;
}

/**
 * Puts a heartbeat around a session, which it owns from here on.
 */
export declare function keepAlive(
  session: Duplex,
  options: HeartbeatOptions,
  context: Context,
): KeptAlive;
