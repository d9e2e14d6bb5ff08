/**
 * A server in memory that a test breaks by hand, and a session that survives it, on virtual time.
 * @module
 */

import { VirtualClock } from "../../lib/core/clock.ts";
import { type Context, makeContext } from "../../lib/core/context.ts";
import type { Duplex } from "../../lib/core/contract.ts";
import { type ErrorKind, NetError, type NetErrorInit } from "../../lib/core/error.ts";
import { type Reconnecting, reconnecting } from "../../lib/link/reconnect.ts";
import type { ConnectionEvent, ReconnectOptions } from "../../lib/link/reconnect_options.ts";
import { makePair, type PairEnd, type PairOptions } from "./pair.ts";

/** An error as a dial throws it. */
export function failure(kind: ErrorKind, more: Partial<NetErrorInit> = {}): NetError {
  return new NetError({ kind, op: "connect", message: kind, blame: "remote", ...more });
}

/** The server's side. */
export class FakeServer {
  /** Its end of each connection, in order. */
  readonly accepted: PairEnd[] = [];
  /** When each dial came, ms. */
  readonly dialledMs: number[] = [];
  /** What the next dials throw; undefined: nothing, they connect. "never": they hang. */
  answer: NetError | "never" | undefined;
  /** Attempts that were let go. */
  cancelled = 0;
  readonly pair: PairOptions;
  readonly clock = new VirtualClock();

  constructor(pair: PairOptions = {}) {
    this.pair = pair;
  }

  dial = (context: Context): Promise<Duplex> => {
    this.dialledMs.push(this.clock.now());
    if (this.answer === "never") {
      return new Promise((_, reject) => {
        context.signal.addEventListener("abort", () => {
          this.cancelled++;
          reject(context.signal.reason);
        });
      });
    }
    if (this.answer !== undefined) return Promise.reject(this.answer);
    const [near, far] = makePair(this.pair);
    this.accepted.push(far);
    return Promise.resolve(near);
  };

  /** The server's end of the last connection. */
  get last(): PairEnd {
    const last = this.accepted.at(-1);
    if (last === undefined) throw new Error("nobody has connected");
    return last;
  }
}

/** A session that survives a fake server. */
export interface Surviving {
  readonly server: FakeServer;
  readonly session: Reconnecting;
  readonly told: ConnectionEvent[];
  /** The states that were told, in order. */
  states(): string[];
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  readonly controller: AbortController;
}

/** Starts one; every delay is the whole of its range unless `random` is given. */
export function surviving(
  options: ReconnectOptions = {},
  pair: PairOptions = {},
  before: (server: FakeServer) => void = () => {},
): Surviving {
  const server = new FakeServer(pair);
  before(server);
  const told: ConnectionEvent[] = [];
  const controller = new AbortController();
  const context = makeContext({ clock: server.clock, signal: controller.signal });
  const session = reconnecting((dialling) => server.dial(dialling), {
    address: "tcp://server:1",
    ...options,
    backoff: { random: () => 1, ...options.backoff },
    tell: (event) => told.push(event),
  }, context);
  return {
    server,
    session,
    told,
    states: () => told.map(({ state }) => state),
    pass: (ms) => server.clock.advance(ms),
    controller,
  };
}
