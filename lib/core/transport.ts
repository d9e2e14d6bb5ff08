/**
 * How a transport describes itself, so that help, completions and contract tests come for free.
 * @module
 */

import type { Address, Scheme } from "./address.ts";
import type { Context } from "./context.ts";
import type { Datagrams, Duplex, Listener, Peer } from "./contract.ts";
import type { Options, OptionTable } from "./option.ts";

/** Help of a scheme: its forms and what it is. */
export interface SchemeHelp {
  readonly forms: readonly string[];
  readonly summary: string;
  readonly examples: readonly string[];
}

/** The program's standard streams, handed inward by `main.ts`; the library uses the process's. */
export interface StandardStreams {
  /** True where a person types, so that the input does not end by itself. */
  readonly inputIsTerminal: boolean;
  /** True where a person reads it, and not a file or the next program. */
  readonly outputIsTerminal: boolean;
  /** Reads what is there, at most `into.length` bytes; null at the end of input. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes all. @throws {NetError} kind "broken", code EPIPE, once the reader has gone. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends standard output, so that the next program in a pipe sees the end. Idempotent. */
  closeOutput(): void;
}

/** A listening socket that another process has handed over. */
export interface HandedSocket {
  /** Owned by whoever takes it. */
  readonly descriptor: number;
  /** Where it listens. */
  readonly local: Peer;
  /** False while who gave it may still go on without us: its path must stay then. */
  readonly isOurs: () => boolean;
}

/** What `open` needs besides the address: things of the process that have an owner. */
export interface Ports {
  /** What `-` and `stdio:` are. */
  readonly stdio: StandardStreams;
  /** Added to the environment of child processes: `PLUMB_SESSION PLUMB_PEER PLUMB_LOCAL`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Gives sockets that listen already for a passive address, each once: none is bound then. */
  readonly handed?: (address: Address) => readonly HandedSocket[];
}

/** What a passive endpoint opens to: a listener of sessions, or a datagram socket. */
export type Passive =
  | { readonly kind: "listener"; readonly listener: Listener }
  | { readonly kind: "datagrams"; readonly datagrams: Datagrams };

/** Everything that one `connect` or `listen` of a transport is given. */
export interface OpenRequest<A extends Address = Address> {
  readonly address: A;
  readonly options: Options;
  readonly context: Context;
  readonly ports: Ports;
}

/** One scheme of the address language. */
export interface Transport<A extends Address = Address> {
  readonly scheme: Scheme;
  /** Deno permissions that it needs: `net`, `read`, `write`, `run`, `ffi`. */
  readonly permissions: readonly string[];
  /** True where traffic can leave this machine (exposure rules look at it). */
  readonly network: boolean;
  readonly options: OptionTable;
  readonly help: SchemeHelp;
  /** Opens an active endpoint. @throws {NetError} with every attempt in `attempts`. */
  connect?(request: OpenRequest<A>): Promise<Duplex>;
  /**
   * Opens a passive endpoint: one entry for each address that the name has, on the same port.
   * @throws {NetError} kind "in-use", "permission" and others; nothing stays open then.
   */
  listen?(request: OpenRequest<A>): Promise<readonly Passive[]>;
}
