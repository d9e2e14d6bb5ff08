/**
 * Address -> round trips.
 * @module
 */

import type { Address } from "../core/address.ts";
import { type ChildContext, type Context, deriveContext } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import { EventStream } from "../core/event_stream.ts";
import { type PingResult, PingRun } from "../link/ping_run.ts";
import type { Histogram } from "../measure/histogram.ts";
import { addressFor, type CallOptions, contextOf, portsOf } from "./endpoint.ts";
import { type PingMode, pingModeOf, type ReadyProber, readyProber } from "./ping_modes.ts";
import { type PingSummary, PingTally } from "./ping_summary.ts";

/** How `ping` behaves; everything has a default. */
export interface PingOptions extends CallOptions {
  /** Default "connect" for streams, "echo" for datagrams and processes. */
  readonly mode?: PingMode;
  /** How many requests; default without end. */
  readonly count?: number;
  /** Time from one request to the next, answered or not, in milliseconds; default 1,000. */
  readonly intervalMs?: number;
  /** When a request counts as lost, in milliseconds; default 5,000. Opening is given as long. */
  readonly timeoutMs?: number;
  /** Bytes of an echo request, as ping(8) has it; default 56. */
  readonly size?: number;
  /** What is said of ourselves to a ping-pong peer that asks in turn. */
  readonly say?: Readonly<Record<string, string>>;
}

/** What is used where nothing is given. */
export const pingDefaults = { intervalMs: 1_000, timeoutMs: 5_000, size: 56 } as const;

/**
 * A ping under way. Reading gives its results as they come; who reads too slowly loses the oldest
 * (see `EventStream`), and the summary counts all. Disposing ends it.
 */
export class Pinging implements AsyncIterable<PingResult>, AsyncDisposable {
  /** The peer in the address language; null where it was not reached yet. */
  readonly address: string | null;
  /** How it is measured. */
  readonly mode: PingMode;
  /** True where one connection carries all requests. */
  readonly isConnected: boolean;
  /** Settles when it is over; never rejects. What went wrong is in its `error`. */
  readonly done: Promise<PingSummary>;
  /** The round trips. */
  readonly histogram: Histogram;
  readonly #child: ChildContext;
  readonly #results: EventStream<PingResult>;
  readonly #tally: PingTally;
  readonly #run: PingRun;
  readonly #startMs: number;
  #endMs: number | undefined;

  /** Use {@linkcode ping}. */
  constructor(
    mode: PingMode,
    ready: ReadyProber,
    histogram: Histogram,
    options: PingOptions,
    context: Context,
  ) {
    this.mode = mode;
    this.address = ready.remote?.text ?? null;
    this.isConnected = ready.isConnected;
    this.histogram = histogram;
    this.#child = deriveContext(context);
    this.#tally = new PingTally(histogram);
    this.#results = new EventStream(context.limits["event-queue"]);
    this.#startMs = context.clock.now();
    const schedule = { ...pingDefaults, ...given(options) };
    const report = (result: PingResult) => {
      this.#tally.add(result);
      this.#results.put(result);
    };
    this.#run = new PingRun(ready.make, schedule, report, this.#child.context);
    this.done = this.#runAll();
  }

  async #runAll(): Promise<PingSummary> {
    const { clock } = this.#child.context;
    let error: NetError | null;
    try {
      error = await this.#run.run();
    } finally {
      this.#endMs = clock.now();
      this.#child[Symbol.dispose]();
      this.#results.end();
    }
    return this.#summary(error);
  }

  /** What it has come to so far. */
  summary(): PingSummary {
    return this.#summary(null);
  }

  #summary(error: NetError | null): PingSummary {
    const endMs = this.#endMs ?? this.#child.context.clock.now();
    return this.#tally.summary(this.#run.waiting, endMs - this.#startMs, error);
  }

  /** Ends it; requests that still wait are neither answered nor lost. Idempotent. */
  stop(): void {
    this.#child.abort(new DOMException("the ping was stopped", "AbortError"));
  }

  /** Results as they come, to the end. */
  [Symbol.asyncIterator](): AsyncIterator<PingResult> {
    return this.#results[Symbol.asyncIterator]();
  }

  /** Ends it and waits until all that it opened is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.done;
  }
}

/**
 * Measures round trips to an address: by opening connections, by an echo service, or by another
 * plumb that also says what its clock and itself are like (`plumb serve pingpong`).
 *
 * Requests are sent on a schedule that no late answer holds up.
 *
 * @param address text or value in the address language
 * @throws {AddressError} for an address or option that cannot be
 * @throws {NetError} kind "usage" for a mode that the address does not have; where a name cannot be
 * resolved, or the one connection of "echo" and "pingpong" not be opened
 *
 * @example
 * ```ts
 * import { ping, serve } from "@plumb/plumb";
 *
 * await using server = await serve("pingpong", "tcp://127.0.0.1:0");
 * const address = server.addresses[0]?.text ?? "";
 * await using pinging = await ping(address, { mode: "pingpong", count: 3, intervalMs: 10 });
 * for await (const result of pinging) {
 *   if (result.kind === "reply") console.log(result.roundTripMs, result.clock?.offsetMs);
 * }
 * const { received, medianMs } = await pinging.done;
 * if (received !== 3 || medianMs <= 0) throw new Error("not answered");
 * ```
 */
export async function ping(
  address: string | Address,
  options: PingOptions = {},
): Promise<Pinging> {
  const target = addressFor(address, "active");
  const { timeoutMs, size } = { ...pingDefaults, ...given(options) };
  const mode = pingModeOf(target, options.mode, size);
  const context = contextOf(options);
  // Loaded here: it takes longer than the rest of the library together.
  const { Histogram } = await import("../measure/histogram.ts");
  const { say } = options;
  const modeOptions = { mode, size, timeoutMs, ...(say === undefined ? {} : { say }) };
  const ready = await readyProber(target, modeOptions, context, portsOf(options));
  return new Pinging(mode, ready, new Histogram(), options, context);
}

/** The numbers that were given. */
function given({ count, intervalMs, timeoutMs, size }: PingOptions): {
  readonly count?: number;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly size?: number;
} {
  return Object.fromEntries(
    Object.entries({ count, intervalMs, timeoutMs, size }).filter(([, value]) =>
      value !== undefined
    ),
  );
}
