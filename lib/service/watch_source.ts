/**
 * What a watch shows of itself over HTTP, as values.
 * @module
 */

import type { StateCounts, TargetStatus } from "../link/watch.ts";
import type { TargetState } from "../link/watch_standing.ts";

/** A watch, as far as it is looked at. `Watching` is one. */
export interface WatchSource {
  /** Every target; live objects. */
  readonly targets: Iterable<TargetStatus> & { readonly size: number };
  /** How many there are in each state. */
  readonly counts: StateCounts;
  /** Probes that are under way. */
  readonly underWay: number;
  /** Grows with everything that changes. */
  readonly revision: number;
  /** Grows where the targets are others. */
  readonly generation: number;
}

/** One target for programs: keys as everywhere in `--json`. */
export interface TargetFields {
  readonly name: string;
  readonly address: string;
  readonly state: TargetState;
  readonly reason: string;
  /** Milliseconds to three places; null before the first answer. */
  readonly roundTripMs: number | null;
  /** When the state changed last, RFC 3339. */
  readonly since: string;
  /** When the last probe ended, RFC 3339; null before the first. */
  readonly probed: string | null;
  readonly mode: string;
  readonly everyMs: number;
  readonly probes: number;
  readonly failures: number;
  readonly changes: number;
  /** The last round trips, oldest first; null for those that were not answered. */
  readonly history: readonly (number | null)[];
}

/** Shows one target. */
export function targetFields(target: TargetStatus): TargetFields {
  const { settings, state, reason, roundTripMs, sinceMs, probedMs } = target;
  const { name, address, mode, everyMs } = settings;
  const { probes, failures, changes } = target;
  return {
    name,
    address,
    state,
    reason,
    roundTripMs: rounded(roundTripMs),
    since: new Date(sinceMs).toISOString(),
    probed: probedMs === null ? null : new Date(probedMs).toISOString(),
    mode,
    everyMs,
    probes,
    failures,
    changes,
    history: target.history().map(rounded),
  };
}

/** Microseconds are enough of a round trip. */
function rounded(durationMs: number | null): number | null {
  return durationMs === null ? null : Math.round(durationMs * 1_000) / 1_000;
}
