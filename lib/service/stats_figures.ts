/**
 * What a server and its machine say of themselves, as values.
 * @module
 */

import type { Reason } from "../core/reason.ts";
import type { ServerTally } from "../core/tally.ts";
import type { Refusal } from "./policy.ts";
import type { PoolFigures } from "./pool.ts";

/** The accept queue of one listener. */
export interface AcceptQueue {
  /** Where it listens, in the address language. */
  readonly listener: string;
  /** Connections that wait to be accepted. */
  readonly length: number;
  /** How many may wait: the smaller of the backlog and somaxconn. */
  readonly limit: number;
}

/** What the machine says; null where it does not. */
export interface MachineFigures {
  readonly queues: readonly AcceptQueue[];
  /** Connections that found an accept queue full, in all of the network namespace. */
  readonly listenOverflows: number | null;
  /** Connections that a listener lost for any reason, the same. */
  readonly listenDrops: number | null;
  readonly residentBytes: number | null;
  readonly openDescriptors: number | null;
  readonly descriptorLimit: number | null;
}

/** What a server says. */
export interface ServerFigures {
  readonly tally: ServerTally;
  readonly open: number;
  /** The most connections at a time. */
  readonly bound: number;
  readonly isDraining: boolean;
  readonly refusals: Readonly<Record<Refusal, number>>;
  readonly endings: ReadonlyMap<Reason, number>;
  /** The processes or threads that serve; undefined where one loop does. */
  readonly workers?: PoolFigures;
}

/** Where the figures come from, asked for each answer. */
export interface StatsSource {
  server(): ServerFigures;
  machine(): MachineFigures;
}
