/**
 * How a service describes itself, so that help, completions and tests come for free.
 * @module
 */

import type { Clock } from "../core/clock.ts";
import type { NetError } from "../core/error.ts";
import type { ByteMachine } from "../core/machine.ts";
import type { OptionTable, OptionValue } from "../core/option.ts";
import type { Reason } from "../core/reason.ts";
import type { PeerFacts } from "../wire/peer_facts.ts";

/** What a machine is made from. */
export interface ServiceSetup {
  /** Services that tell the time read `wall()`. */
  readonly clock: Clock;
  /** True where every input is a whole message and what one step puts is one reply (datagrams). */
  readonly messages: boolean;
  /**
   * Values of the options in the service's table; what is missing has its default. Those of an
   * option that repeats are lines of one text: plain values are what goes to other processes.
   */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** What the server can say of itself now; without it, nothing. */
  readonly facts?: () => PeerFacts;
}

/** What every service says of itself. */
export interface ServiceFacts {
  /** The word that `plumb serve` takes. */
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** Where its behaviour comes from: `RFC 862`; null for plumb's own. */
  readonly rfc: string | null;
  /** The well-known port, or null. */
  readonly port: number | null;
  /** True where it can be served over streams. */
  readonly stream: boolean;
  /** True where it can be served over datagrams. */
  readonly datagram: boolean;
  /** Flags of the service; their values come in its setup's `options`. */
  readonly options: OptionTable;
}

/**
 * A byte service: a machine for each session, which every face and every model can drive. What
 * needs promises of its own (files, processes, a protocol of requests) is a `HandlerService`.
 */
export interface ServiceRow extends ServiceFacts {
  /** Refuses values of its options that cannot be, before anything is opened. @throws {NetError} */
  check?(options: ServiceSetup["options"]): void;
  /** Makes the machine of one session. */
  make(setup: ServiceSetup): ByteMachine;
}

/** How one session of a server ended. */
export interface SessionOutcome {
  /** Why it ended. */
  readonly reason: Reason;
  /** What broke it, where the reason is not an orderly one. */
  readonly error?: NetError;
  /** Bytes that came from the peer. */
  readonly bytesIn: number;
  /** Bytes that were written to the peer. */
  readonly bytesOut: number;
}
