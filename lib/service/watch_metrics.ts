/**
 * A watch as Prometheus metrics: counted by the watch, and only shown here.
 * @module
 */

import { Counter, Gauge, Registry } from "prom-client";
import type { TargetStatus } from "../link/watch.ts";
import { type TargetState, targetStates } from "../link/watch_standing.ts";
import type { WatchSource } from "./watch_source.ts";

/** One metric of each target; `read` gives null where nothing is known yet. */
interface TargetRow {
  readonly name: string;
  readonly help: string;
  readonly kind: "counter" | "gauge";
  read(target: TargetStatus): number | null;
}

/** States as numbers, for alerts that compare: the better the higher. */
const stateNumbers: Readonly<Record<TargetState, number>> = {
  down: 0,
  suspect: 1,
  unknown: 2,
  up: 3,
};

const rows: readonly TargetRow[] = [
  {
    name: "plumb_target_up",
    help: "1 while the target is up or only suspect, 0 while it is down; nothing while unknown",
    kind: "gauge",
    read: ({ state }) => state === "unknown" ? null : state === "down" ? 0 : 1,
  },
  {
    name: "plumb_target_state",
    help: "0 down, 1 suspect, 2 unknown, 3 up",
    kind: "gauge",
    read: ({ state }) => stateNumbers[state],
  },
  {
    name: "plumb_target_round_trip_seconds",
    help: "Round trip of the last probe that was answered",
    kind: "gauge",
    read: ({ roundTripMs }) => roundTripMs === null ? null : roundTripMs / 1000,
  },
  {
    name: "plumb_target_changed_seconds",
    help: "When the state changed last, in seconds since 1970",
    kind: "gauge",
    read: ({ sinceMs }) => sinceMs / 1000,
  },
  {
    name: "plumb_target_probes_total",
    help: "Probes that have ended",
    kind: "counter",
    read: ({ probes }) => probes,
  },
  {
    name: "plumb_target_failures_total",
    help: "Probes that were not answered",
    kind: "counter",
    read: ({ failures }) => failures,
  },
  {
    name: "plumb_target_changes_total",
    help: "Changes of state",
    kind: "counter",
    read: ({ changes }) => changes,
  },
];

/** A registry of its own for each watch; it reads the source when it is asked. */
export function watchMetrics(source: WatchSource): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: "plumb_targets",
    help: "Targets by state",
    labelNames: ["state"],
    registers,
    collect() {
      for (const state of targetStates) this.set({ state }, source.counts[state]);
    },
  });
  new Gauge({
    name: "plumb_probes_under_way",
    help: "Probes that wait for an answer",
    registers,
    collect() {
      this.set(source.underWay);
    },
  });
  for (const row of rows) add(registry, row, source);
  return registry;
}

function add(registry: Registry, { name, help, kind, read }: TargetRow, source: WatchSource): void {
  const init = { name, help, labelNames: ["target", "address"], registers: [registry] };
  const each = (put: (labels: Record<string, string>, value: number) => void) => {
    for (const target of source.targets) {
      const value = read(target);
      const { name, address } = target.settings;
      if (value !== null) put({ target: name, address }, value);
    }
  };
  // Anew each time: targets come and go.
  if (kind === "gauge") {
    new Gauge({
      ...init,
      collect() {
        this.reset();
        each((labels, value) => this.set(labels, value));
      },
    });
  } else {
    new Counter({
      ...init,
      collect() {
        this.reset();
        each((labels, value) => this.inc(labels, value));
      },
    });
  }
}
