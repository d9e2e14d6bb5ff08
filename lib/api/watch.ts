/**
 * Addresses -> a watch over them.
 * @module
 */

import { formatAddress } from "../address/format.ts";
import type { Address } from "../core/address.ts";
import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import type { Ports } from "../core/transport.ts";
import type { TargetSettings } from "../link/watch.ts";
import { type ProbeMode, watchDefaults } from "../link/watch_defaults.ts";
import { type Probe, Watching } from "../link/watching.ts";
import { descriptorLimits } from "../sys/limits.ts";
import { addressFor, type CallOptions, contextOf, portsOf } from "./endpoint.ts";
import { type Ask, askerOf } from "./watch_probe.ts";

/** How one target is watched; what is missing is as the watch says. */
export interface TargetOptions {
  /** What it is called; default: its address. */
  readonly name?: string;
  /** What a probe is; default "connect". */
  readonly mode?: ProbeMode;
  /** Time between two probes (ms); default 10,000. */
  readonly everyMs?: number;
  /** How long a probe may take (ms); default 5,000. */
  readonly timeoutMs?: number;
  /** Failed probes in a row before it is down; default 3. */
  readonly misses?: number;
  /** Answered probes in a row before it is up again; default 2. */
  readonly rises?: number;
}

/** A target with options of its own. */
export interface TargetInit extends TargetOptions {
  /** What is watched, in the address language. */
  readonly address: string | Address;
}

/** Anything that names a target. */
export type TargetLike = string | Address | TargetInit;

/** How `watch` behaves. */
export interface WatchOptions extends CallOptions, Omit<TargetOptions, "name"> {
  /** Ends once each target was probed so many times; default: goes on. */
  readonly rounds?: number;
  /**
   * Most probes at a time; default: the limit `watch-probes`. Never more than there are
   * descriptors for, less a reserve.
   */
  readonly concurrency?: number;
}

/** Targets as they are probed, with how. */
interface Prepared {
  readonly settings: readonly TargetSettings[];
  readonly asks: ReadonlyMap<string, Ask>;
}

/** A watch at work: events by `for await`, figures at any time; dispose it. */
export class Watch extends Watching {
  readonly #prepare: (targets: readonly TargetLike[]) => Prepared;
  readonly #asks: Map<string, Ask>;

  /** Use `watch`. */
  constructor(
    targets: readonly TargetLike[],
    options: WatchOptions,
    context: Context,
    ports: Ports,
  ) {
    const prepare = (some: readonly TargetLike[]) => prepareTargets(some, options, ports);
    const { settings, asks } = prepare(targets);
    const own = new Map(asks);
    const probe: Probe = ({ name }, within) => {
      const ask = own.get(name);
      if (ask === undefined) throw new TypeError(`no target ${name}`);
      return ask(within);
    };
    const { rounds } = options;
    const concurrency = concurrencyOf(options, context);
    super(settings, probe, { concurrency, ...(rounds === undefined ? {} : { rounds }) }, context);
    this.#prepare = prepare;
    this.#asks = own;
  }

  /**
   * Watches these from now on; what is known of those that stay is kept.
   *
   * @throws {AddressError} for an address that cannot be; the targets stay as they were then
   * @throws {NetError} kind "usage" where two have the same name, "limit" for too many; the same
   */
  setTargets(targets: readonly TargetLike[]): void {
    const { settings, asks } = this.#prepare(targets);
    // Both at once, or none: the machine refuses what is wrong before it changes anything.
    const before = new Map(this.#asks);
    replace(this.#asks, asks);
    try {
      this.retarget(settings);
    } catch (thrown) {
      replace(this.#asks, before);
      throw thrown;
    }
  }
}

/**
 * Watches endpoints: each is probed again and again, and is up, suspect or down by what came of it.
 * Iterating gives what changes; `targets` and `counts` tell how everything stands.
 *
 * @throws {AddressError} for an address that cannot be
 * @throws {NetError} kind "usage" where two targets have the same name, "limit" for too many
 *
 * @example
 * ```ts
 * import { serve, watch } from "@plumb/plumb";
 *
 * await using server = await serve("echo", "tcp://127.0.0.1:0");
 * const address = server.addresses[0]?.text ?? "";
 * await using watching = watch([{ address, name: "echo", mode: "echo" }], { rounds: 1 });
 * for await (const change of watching) {
 *   if (change.event === "state") console.log(change.name, change.state); // echo up
 * }
 * if (watching.counts.up !== 1) throw new Error("not up");
 * ```
 */
export function watch(
  targets: TargetLike | readonly TargetLike[],
  options: WatchOptions = {},
): Watch {
  const all = Array.isArray(targets) ? targets as readonly TargetLike[] : [targets as TargetLike];
  return new Watch(all, options, contextOf(options), portsOf(options));
}

/** Reads every target. @throws as `watch`, without the names */
function prepareTargets(
  targets: readonly TargetLike[],
  options: WatchOptions,
  ports: Ports,
): Prepared {
  const asks = new Map<string, Ask>();
  const settings = targets.map((target) => {
    const init = isInit(target) ? target : { address: target };
    const address = addressFor(init.address, "active");
    const text = formatAddress(address);
    const mode = init.mode ?? options.mode ?? watchDefaults.mode;
    const one: TargetSettings = {
      name: init.name ?? text,
      address: text,
      everyMs: positive("everyMs", init.everyMs ?? options.everyMs ?? watchDefaults.everyMs),
      timeoutMs: positive(
        "timeoutMs",
        init.timeoutMs ?? options.timeoutMs ?? watchDefaults.timeoutMs,
      ),
      misses: positive("misses", init.misses ?? options.misses ?? watchDefaults.misses),
      rises: positive("rises", init.rises ?? options.rises ?? watchDefaults.rises),
      mode,
    };
    asks.set(one.name, askerOf(address, mode, ports));
    return one;
  });
  return { settings, asks };
}

function isInit(target: TargetLike): target is TargetInit {
  return typeof target === "object" && "address" in target;
}

/** @throws {NetError} kind "usage" */
function positive(name: string, value: number): number {
  if (value >= 1 && Number.isFinite(value)) return value;
  throw new NetError({ kind: "usage", op: "watch", message: `${name}: ${value} is not 1 or more` });
}

/** A descriptor for each probe, and a reserve for the rest of the program. */
function concurrencyOf({ concurrency }: WatchOptions, { limits }: Context): number {
  const wanted = positive("concurrency", concurrency ?? limits["watch-probes"]);
  const descriptors = descriptorLimits()?.soft ?? Infinity;
  const reserve = Math.min(limits["descriptor-reserve"], Math.ceil(descriptors * 5 / 8));
  return Math.max(1, Math.min(wanted, descriptors - reserve));
}

function replace(map: Map<string, Ask>, by: ReadonlyMap<string, Ask>): void {
  map.clear();
  for (const [name, ask] of by) map.set(name, ask);
}
