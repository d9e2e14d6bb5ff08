/**
 * What a session or a server has done.
 * @module
 */

import type { ChildStatus } from "./contract.ts";
import type { NetError } from "./error.ts";
import type { Reason } from "./reason.ts";

/** What went one way. */
export interface Flow {
  bytes: number;
  /** Chunks that were written; messages where the ends have messages. */
  writes: number;
}

/** How one session went. */
export interface SessionTally {
  /** Serial number of the session in this process, from 1. */
  readonly id: number;
  /** The two ends in the address language. */
  readonly a: string;
  readonly b: string;
  readonly aToB: Readonly<Flow>;
  readonly bToA: Readonly<Flow>;
  readonly durationMs: number;
  readonly reason: Reason;
  /** What broke it, where the reason is reset, dead, limit or error. */
  readonly error?: NetError;
  /** How the child of an `exec:` or `sh:` end finished. */
  readonly child?: ChildStatus;
}

/** How a server went. */
export interface ServerTally {
  readonly accepted: number;
  readonly refused: number;
  /** Sessions that ended by themselves. */
  readonly ended: number;
  /** Sessions that a drain or a signal cut. */
  readonly cut: number;
  /** Sessions that ended with an error. */
  readonly failed: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
}
