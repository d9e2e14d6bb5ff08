/**
 * What the faces of a machine share: a face is how its inputs and outputs meet a session.
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { Duplex } from "../core/contract.ts";
import type { NetError } from "../core/error.ts";
import type { Log } from "../core/log.ts";
import type { ByteMachine } from "../core/machine.ts";
import type { Reason } from "../core/reason.ts";

/** How a face came to its end. */
export interface FaceEnd {
  readonly reason: Reason;
  readonly error?: NetError;
}

/** What a face works with. */
export interface FaceSetup {
  readonly session: Duplex;
  readonly machine: ByteMachine;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when bytes have moved either way. */
  readonly moved: () => void;
}

/** A machine at work in a session. */
export interface Face {
  /** Bytes so far from the peer, and to it. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /**
   * Runs the machine until the session has nothing more to do. A read may still wait then: close
   * the session, and then await `settled`.
   *
   * @throws what the machine threw: a bug
   */
  run(): Promise<FaceEnd>;
  /** Makes `run` resolve with that end, where it has not come to its own; nothing is closed. */
  stop(end: FaceEnd): void;
  /** Resolves once nothing of the face runs any more. Never rejects. */
  settled(): Promise<void>;
}

/** Size of the buffer of sessions that cannot wait without one; it is held all the time. */
export const ownBufferSize: number = 64 * 1024;
