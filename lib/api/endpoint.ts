/**
 * What every call by address begins with: text or value -> Address, options -> Context and Ports.
 * @module
 */

import { formatAddress, formatEndpoint } from "../address/format.ts";
import { parseAddress } from "../address/parse.ts";
import type { Address } from "../core/address.ts";
import { Attempts } from "../core/attempts.ts";
import type { Clock } from "../core/clock.ts";
import { type Context, deriveContext, makeContext, withSignal } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import { defaultLimits, type Limits } from "../core/limits.ts";
import type { Log } from "../core/log.ts";
import type { Ports, StandardStreams } from "../core/transport.ts";
import { TimerWheel } from "../core/wheel.ts";
import { denoHost } from "../sys/host.ts";
import type { Connections } from "./connections.ts";

/** What every call takes; everything has a default. */
export interface CallOptions {
  /** Ends what the call started. */
  readonly signal?: AbortSignal;
  /** Bounds that differ from the defaults, by name. */
  readonly limits?: Partial<Limits>;
  /** Where it is said what happens; default: nowhere. */
  readonly log?: Log;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** What `-` is; default: the process's standard input and output. */
  readonly stdio?: StandardStreams;
  /** Sockets that listen already, by the address that asks for them (see `Takeover`). */
  readonly handed?: Ports["handed"];
  /** Keeps in view the connections that are made anew when they are lost. */
  readonly connections?: Connections;
}

/** Time for resolving, all attempts and handshakes, unless told otherwise (ms). */
export const defaultTimeoutMs = 30_000;

/** The context of a call. */
export function contextOf(options: CallOptions): Context {
  const { limits, ...rest } = options;
  return makeContext({ ...rest, limits: { ...defaultLimits, ...limits } });
}

/** The ports of a call; the process's streams are only touched where an address names them. */
export function portsOf(options: CallOptions): Ports {
  return {
    get stdio() {
      return options.stdio ?? denoHost().stdio;
    },
    ...(options.handed === undefined ? {} : { handed: options.handed }),
  };
}

/**
 * Reads an address for one side.
 *
 * @throws {AddressError} for text that is none, or that cannot be on this side
 */
export function addressFor(address: string | Address, side: "active" | "passive"): Address {
  // Programs in JavaScript, too: whatever was given instead is told in words.
  const isValue = typeof address === "object" && address !== null && "scheme" in address;
  if (!isValue && typeof address !== "string") {
    const message = `an address is text, or a value of the address language, and not ${address}`;
    throw new NetError({ kind: "usage", op: "address", message });
  }
  return parseAddress(typeof address === "string" ? address : formatAddress(address), { side });
}

/**
 * Runs `work` under a time limit that covers all of it.
 *
 * @param timeoutMs milliseconds; undefined: without end
 * @param discard closes what comes too late
 * @throws {NetError} kind "timeout"; the signal's reason
 */
export async function withinTime<T>(
  context: Context,
  timeoutMs: number | undefined,
  op: string,
  address: Address,
  work: (context: Context) => Promise<T>,
  discard: (late: T) => void,
): Promise<T> {
  const attempts = new Attempts(context.clock);
  using child = deriveContext({ ...context, attempts });
  const timer = timeoutMs === undefined
    ? undefined
    : TimerWheel.of(context.clock).timer(timeoutMs, () =>
      child.abort(
        new NetError({
          kind: "timeout",
          op,
          address: formatEndpoint(address),
          message: op === "listen"
            ? `no peer came within ${timeoutMs} ms`
            : `no answer within ${timeoutMs} ms`,
          hint: "change it with --timeout",
          code: "ETIMEDOUT",
          blame: "remote",
          attempts: attempts.list(),
        }),
      ));
  try {
    const { signal } = child.context;
    return await withSignal(signal, work(child.context), discard);
  } finally {
    timer?.cancel();
  }
}
