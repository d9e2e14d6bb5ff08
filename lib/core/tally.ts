/**
 * What a session or a server has done.
 * @module
 */

import type { ChildStatus } from "./contract.ts";
import type { NetError } from "./error.ts";
import type { Reason } from "./reason.ts";

/** What went one way. */
export interface Flow {
  /** Bytes that were written, without framing. */
  bytes: number;
  /** Chunks that were written; messages where the ends have messages. */
  writes: number;
}

/** How one session went. */
export interface SessionTally {
  /** Serial number of the session in this process, from 1. */
  readonly id: number;
  /** The other side of one leg in the address language: `tcp://127.0.0.1:40123`. */
  readonly a: string;
  /** The other side of the other leg. */
  readonly b: string;
  /** What was read from `a` and written to `b`. */
  readonly aToB: Readonly<Flow>;
  /** What was read from `b` and written to `a`. */
  readonly bToA: Readonly<Flow>;
  /** From start to both ends closed, in monotonic milliseconds. */
  readonly durationMs: number;
  /** Why it ended; the exit status follows from it. */
  readonly reason: Reason;
  /** What broke it, where the reason is reset, dead, limit or error. */
  readonly error?: NetError;
  /** How the child of an `exec:` or `sh:` end finished. */
  readonly child?: ChildStatus;
}

/** How a server went. */
export interface ServerTally {
  /** Sessions that were let in; those still open included. */
  readonly accepted: number;
  /** Connections that were turned away at a limit or during a drain. */
  readonly refused: number;
  /** Sessions that ended by themselves. */
  readonly ended: number;
  /** Sessions that a drain or a signal cut. */
  readonly cut: number;
  /** Sessions that ended with an error. */
  readonly failed: number;
  /** Bytes that came from peers; where others serve, those of open sessions a second late. */
  readonly bytesIn: number;
  /** Bytes that were written to peers; as above. */
  readonly bytesOut: number;
  /** How long it has run, in monotonic milliseconds. */
  readonly durationMs: number;
}
