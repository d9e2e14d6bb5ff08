/**
 * The watch over many targets as a machine without I/O: what to probe now, what an outcome changes.
 * @module
 */

import { NetError } from "../core/error.ts";
import { History } from "./watch_history.ts";
import { Schedule } from "./watch_schedule.ts";
import { type Damping, type ProbeOutcome, Standing, type TargetState } from "./watch_standing.ts";

/** What is watched, and how. */
export interface TargetSettings extends Damping {
  /** What it is called; no two targets of a watch have the same name. */
  readonly name: string;
  /** In the address language. */
  readonly address: string;
  /** What a probe is, for whoever probes; the machine does not look at it. */
  readonly mode: string;
  /** Time between two probes (ms). */
  readonly everyMs: number;
  /** How long a probe may take (ms). */
  readonly timeoutMs: number;
}

/** How a target stands now. */
export interface TargetStatus {
  /** What is watched, and how. */
  readonly settings: TargetSettings;
  /** How it stands. */
  readonly state: TargetState;
  /** Why, in words; "" where it is up. */
  readonly reason: string;
  /** Of the last probe that was answered (ms), or null. */
  readonly roundTripMs: number | null;
  /** When the state changed last: wall-clock milliseconds since 1970. */
  readonly sinceMs: number;
  /** When the last probe ended, the same; null before the first. */
  readonly probedMs: number | null;
  /** Probes that have ended. */
  readonly probes: number;
  /** Of those, not answered; faults of this machine are not among them. */
  readonly failures: number;
  /** How often the state has changed. */
  readonly changes: number;
  /** Grows with every outcome of any target: who has seen a status knows what is new since. */
  readonly revision: number;
  /** The last round trips, oldest first; null for those that were not answered. */
  history(most?: number): readonly (number | null)[];
}

/** A state that has changed. */
export interface StateChange {
  /** What it is, among the events of a watch. */
  readonly event: "state";
  /** Name of the target. */
  readonly name: string;
  /** Its address. */
  readonly address: string;
  /** How it stands now. */
  readonly state: TargetState;
  /** How it stood before. */
  readonly previous: TargetState;
  /** Why, in words; "" where it is up. */
  readonly reason: string;
  /** Of the last probe that was answered (ms), or null. */
  readonly roundTripMs: number | null;
  /** How long it was in the state before (ms). */
  readonly previousMs: number;
  /** Wall-clock time, milliseconds since 1970. */
  readonly timeMs: number;
}

/** How the machine works; everything has a default. */
export interface WatchMachineOptions {
  /** Most probes under way at a time; default 1,000. */
  readonly concurrency?: number;
  /** Each target is probed so many times, and then no more; default: without end. */
  readonly rounds?: number;
  /** Uniform in 0 .. 1, for the jitter; default `Math.random`. */
  readonly random?: () => number;
}

/** How many targets there are in each state. */
export type StateCounts = Readonly<Record<TargetState, number>>;

/** What the machine knows of one target. */
class Target implements TargetStatus {
  settings: TargetSettings;
  readonly standing = new Standing();
  readonly #history = new History();
  roundTripMs: number | null = null;
  probedMs: number | null = null;
  probes = 0;
  failures = 0;
  changes = 0;
  sinceMs: number;
  revision: number;
  isUnderWay = false;

  constructor(settings: TargetSettings, wallMs: number, revision: number) {
    this.settings = settings;
    this.sinceMs = wallMs;
    this.revision = revision;
  }

  get state(): TargetState {
    return this.standing.state;
  }

  get reason(): string {
    return this.standing.reason;
  }

  get everyMs(): number {
    return this.settings.everyMs;
  }

  history(most?: number): readonly (number | null)[] {
    return this.#history.last(most);
  }

  note(outcome: ProbeOutcome, wallMs: number): void {
    this.probes++;
    this.probedMs = wallMs;
    if (outcome.ok) this.roundTripMs = outcome.roundTripMs;
    else if (outcome.blame === "remote") this.failures++;
    this.#history.add(outcome.ok ? outcome.roundTripMs : null);
  }
}

/**
 * The machine. Who drives it calls `next` until it gives null, probes what it gave, hands each
 * outcome to `ended`, and comes again at `deadlineMs`.
 */
export class WatchMachine {
  readonly #options: Required<Pick<WatchMachineOptions, "concurrency" | "rounds">>;
  readonly #schedule: Schedule<Target>;
  readonly #targets = new Map<string, Target>();
  readonly #counts: Record<TargetState, number> = { unknown: 0, up: 0, suspect: 0, down: 0 };
  #underWay = 0;
  /** Targets whose rounds are not over. */
  #unfinished = 0;
  #revision = 0;

  /** Without targets; `retarget` gives them. */
  constructor(options: WatchMachineOptions = {}) {
    const { concurrency = 1_000, rounds = Infinity } = options;
    this.#options = { concurrency, rounds };
    this.#schedule = new Schedule(options.random);
  }

  /** Every target, in the order in which they were given. */
  get targets(): Iterable<TargetStatus> & { readonly size: number } {
    return { size: this.#targets.size, [Symbol.iterator]: () => this.#targets.values() };
  }

  /** How many targets there are in each state. */
  get counts(): StateCounts {
    return this.#counts;
  }

  /** Probes that were given out and have not ended. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Counts outcomes and changes of targets: what has not changed since needs not be shown again. */
  get revision(): number {
    return this.#revision;
  }

  /** True once every target has had its rounds; never where they are without end. */
  get isFinished(): boolean {
    return this.#options.rounds !== Infinity && this.#unfinished === 0;
  }

  /** When `next` will have something; null while it waits for outcomes, or for nothing. */
  get deadlineMs(): number | null {
    return this.#underWay >= this.#options.concurrency ? null : this.#schedule.deadlineMs;
  }

  /**
   * Watches these from now on. One that was watched under the same name and address keeps its
   * standing; the others that were are forgotten.
   *
   * @param wallMs wall-clock time, for `sinceMs`
   * @throws {NetError} kind "usage" where two have the same name; nothing changes then
   */
  retarget(all: readonly TargetSettings[], nowMs: number, wallMs: number): void {
    const wanted = new Map(all.map((settings) => [settings.name, settings]));
    if (wanted.size < all.length) throw twice(all);
    this.#revision++;
    for (const target of this.#targets.values()) {
      const { name, address } = target.settings;
      if (wanted.get(name)?.address !== address) this.#forget(target);
    }
    const known = new Map(this.#targets);
    this.#targets.clear();
    const fresh: Target[] = [];
    for (const settings of all) {
      const target = known.get(settings.name) ?? new Target(settings, wallMs, this.#revision);
      if (known.has(settings.name)) this.#resettle(target, settings, nowMs);
      else fresh.push(target);
      this.#targets.set(settings.name, target);
    }
    this.#counts.unknown += fresh.length;
    this.#unfinished += fresh.length;
    this.#schedule.add(fresh, nowMs);
  }

  /** Gives what is to be probed now, or null; its outcome belongs to `ended`. */
  next(nowMs: number): TargetStatus | null {
    if (this.#underWay >= this.#options.concurrency) return null;
    const target = this.#schedule.next(nowMs);
    if (target === null) return null;
    target.isUnderWay = true;
    this.#underWay++;
    return target;
  }

  /** Takes the outcome of a probe. @returns what it changed, or null */
  ended(
    status: TargetStatus,
    outcome: ProbeOutcome,
    nowMs: number,
    wallMs: number,
  ): StateChange | null {
    const target = status as Target; // `next` gives no others
    if (!target.isUnderWay) return null;
    target.isUnderWay = false;
    this.#underWay--;
    if (this.#targets.get(target.settings.name) !== target) return null; // forgotten meanwhile
    target.note(outcome, wallMs);
    target.revision = ++this.#revision;
    if (target.probes < this.#options.rounds) this.#schedule.again(target, nowMs);
    else this.#unfinished--;
    return this.#judge(target, outcome, wallMs);
  }

  /** Makes every target due now; those under way are not probed twice at a time. */
  probeAll(nowMs: number): void {
    this.#schedule.all(nowMs);
  }

  #judge(target: Target, outcome: ProbeOutcome, wallMs: number): StateChange | null {
    const previous = target.standing.judge(outcome, target.settings);
    if (previous === null) return null;
    const { state, reason, roundTripMs, settings } = target;
    const { name, address } = settings;
    this.#counts[previous]--;
    this.#counts[state]++;
    target.changes++;
    const previousMs = Math.max(0, wallMs - target.sinceMs); // the wall's clock may be set back
    target.sinceMs = wallMs;
    const event = "state";
    return {
      event,
      name,
      address,
      state,
      previous,
      reason,
      roundTripMs,
      previousMs,
      timeMs: wallMs,
    };
  }

  #forget(target: Target): void {
    this.#targets.delete(target.settings.name);
    this.#schedule.remove(target);
    this.#counts[target.state]--;
    if (target.probes < this.#options.rounds) this.#unfinished--;
  }

  /** A new interval begins anew; anything else holds from the next probe on. */
  #resettle(target: Target, settings: TargetSettings, nowMs: number): void {
    const isOther = target.settings.everyMs !== settings.everyMs;
    target.settings = settings;
    if (isOther) this.#schedule.respace(target, nowMs);
  }
}

function twice(all: readonly TargetSettings[]): NetError {
  const seen = new Set<string>();
  const name = all.find((one) => seen.has(one.name) || !seen.add(one.name))?.name ?? "";
  const message = `two targets are called ${name}`;
  return new NetError({ kind: "usage", op: "watch", message, hint: "give one another name" });
}
