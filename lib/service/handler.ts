/**
 * Services that serve a session by themselves: they wait for files, processes or a protocol of
 * requests, which a machine cannot. They stand on the same accept policy as byte services, and run
 * where promises run: never inside a blocking reactor.
 * @module
 */

import type { Context } from "../core/context.ts";
import type { OptionValue } from "../core/option.ts";
import type { ServiceFacts } from "./contract.ts";
import type { SessionHandler } from "./policy.ts";

/** The word between the service's name and its addresses: a folder, a command. */
export interface SubjectRow {
  /** In capitals, as in the usage line: `DIR`. */
  readonly name: string;
  /** One line for people. */
  readonly summary: string;
  /** Where it is missing although required, the command line is refused. */
  readonly required: boolean;
  /** True for a word that is one; the others are addresses. Not asked where it is required. */
  matches(word: string): boolean;
}

/** What a handler service is opened with: plain values, so that a child can open the same one. */
export interface HandlerSetup {
  /** Of the server, not of a session; aborted when the server is cut. */
  readonly context: Context;
  /** The subject as written; undefined where an optional one was not given. */
  readonly subject?: string;
  /** Values of the options in the service's table; what is missing has its default. */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** Ends a session when nothing moved for so long (ms). */
  readonly idleMs?: number;
  /** Ends a session at this age (ms). */
  readonly lifetimeMs?: number;
}

/** A handler service that is ready; disposing frees what its sessions shared, once they are over. */
export interface OpenedService extends AsyncDisposable {
  /** Serves one session. It is told by `SessionInfo.draining` when the server wants to end. */
  readonly handle: SessionHandler;
}

/** One handler service. */
export interface HandlerService extends ServiceFacts {
  /** Null where addresses follow the name at once. */
  readonly subject: SubjectRow | null;
  /**
   * True where whoever reaches it can run something on this machine: it needs `--public` on
   * anything but loopback and Unix sockets (rule 10 of the contract).
   */
  readonly actsOnMachine: boolean;
  /** How many descriptors a session takes at a time, its connection's included. */
  readonly descriptorsPerSession: number;
  /**
   * Makes ready what all its sessions share; loads its packages only now.
   *
   * @throws {NetError} where the subject or an option cannot be; nothing stays open then
   */
  open(setup: HandlerSetup): Promise<OpenedService>;
}
