/**
 * The figures of a server as Prometheus metrics. They are counted elsewhere, once, and only shown
 * here: a second set of counters could say something else than the tally.
 * @module
 */

import { Counter, Gauge, Registry } from "prom-client";
import { type Reason, reasons } from "../core/reason.ts";
import type { MachineFigures, ServerFigures, StatsSource } from "./stats_figures.ts";

/** One metric; `read` gives null where the machine does not say. */
interface MetricRow<Figures> {
  readonly name: string;
  readonly help: string;
  read(figures: Figures): number | null;
}

const serverCounters: readonly MetricRow<ServerFigures>[] = [
  {
    name: "plumb_sessions_accepted_total",
    help: "Sessions that were let in",
    read: ({ tally }) => tally.accepted,
  },
  {
    name: "plumb_sessions_failed_total",
    help: "Sessions that ended with an error",
    read: ({ tally }) => tally.failed,
  },
  {
    name: "plumb_sessions_cut_total",
    help: "Sessions that a drain or a signal cut",
    read: ({ tally }) => tally.cut,
  },
  {
    name: "plumb_received_bytes_total",
    help: "Bytes that came from peers",
    read: ({ tally }) => tally.bytesIn,
  },
  {
    name: "plumb_sent_bytes_total",
    help: "Bytes that were written to peers",
    read: ({ tally }) => tally.bytesOut,
  },
];

const serverGauges: readonly MetricRow<ServerFigures>[] = [
  { name: "plumb_sessions_open", help: "Sessions that are open now", read: ({ open }) => open },
  { name: "plumb_sessions_limit", help: "Connections at a time", read: ({ bound }) => bound },
  {
    name: "plumb_draining",
    help: "1 once nobody is let in any more",
    read: ({ isDraining }) => isDraining ? 1 : 0,
  },
  {
    name: "plumb_up_seconds",
    help: "How long the server has run",
    read: ({ tally }) => tally.durationMs / 1000,
  },
];

/** Null where one loop serves. */
const workerGauges: readonly MetricRow<ServerFigures>[] = [
  {
    name: "plumb_workers_alive",
    help: "Processes or threads that serve, those being started included",
    read: ({ workers }) => workers?.alive ?? null,
  },
  {
    name: "plumb_workers_busy",
    help: "Processes or threads that are at work",
    read: ({ workers }) => workers?.busy ?? null,
  },
  {
    name: "plumb_workers_queued",
    help: "Sessions that wait for a thread of the pool",
    read: ({ workers }) => workers?.queued ?? null,
  },
];

const workerCounters: readonly MetricRow<ServerFigures>[] = [
  {
    name: "plumb_workers_done_total",
    help: "Sessions that processes or threads have served",
    read: ({ workers }) => workers?.done ?? null,
  },
];

const machineCounters: readonly MetricRow<MachineFigures>[] = [
  {
    name: "plumb_listen_overflows_total",
    help: "Connections that found an accept queue full (ListenOverflows of this network namespace)",
    read: ({ listenOverflows }) => listenOverflows,
  },
  {
    name: "plumb_listen_drops_total",
    help: "Connections that a listener lost (ListenDrops of this network namespace)",
    read: ({ listenDrops }) => listenDrops,
  },
];

const machineGauges: readonly MetricRow<MachineFigures>[] = [
  {
    name: "plumb_resident_memory_bytes",
    help: "Memory of this process that is in use",
    read: ({ residentBytes }) => residentBytes,
  },
  {
    name: "plumb_open_descriptors",
    help: "Descriptors of this process that are open",
    read: ({ openDescriptors }) => openDescriptors,
  },
  {
    name: "plumb_descriptor_limit",
    help: "Descriptors that this process may open",
    read: ({ descriptorLimit }) => descriptorLimit,
  },
];

/** A registry of its own for each server; it reads the source when it is asked. */
export function metricsOf(source: StatsSource): Registry {
  const registry = new Registry();
  const registers = [registry];
  const server = () => source.server();
  const machine = () => source.machine();
  for (const row of [...serverCounters, ...workerCounters]) addCounter(registry, row, server);
  for (const row of [...serverGauges, ...workerGauges]) addGauge(registry, row, server);
  for (const row of machineCounters) addCounter(registry, row, machine);
  for (const row of machineGauges) addGauge(registry, row, machine);
  new Counter({
    name: "plumb_sessions_refused_total",
    help: "Connections that were turned away, by why",
    labelNames: ["why"],
    registers,
    collect() {
      this.reset();
      for (const [why, count] of Object.entries(server().refusals)) this.inc({ why }, count);
    },
  });
  new Counter({
    name: "plumb_sessions_ended_total",
    help: "Sessions that are over, by reason",
    labelNames: ["reason"],
    registers,
    collect() {
      this.reset();
      const { endings } = server();
      // Every reason from the start: a rate needs the 0 before the first 1.
      for (const reason of Object.keys(reasons) as Reason[]) {
        this.inc({ reason }, endings.get(reason) ?? 0);
      }
    },
  });
  const queue = (name: string, help: string, what: "length" | "limit") =>
    new Gauge({
      name,
      help,
      labelNames: ["listener"],
      registers,
      collect() {
        this.reset();
        for (const one of machine().queues) this.set({ listener: one.listener }, one[what]);
      },
    });
  queue("plumb_accept_queue_length", "Connections that wait to be accepted", "length");
  queue("plumb_accept_queue_limit", "Connections that may wait to be accepted", "limit");
  return registry;
}

function addCounter<F>(registry: Registry, { name, help, read }: MetricRow<F>, figures: () => F) {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      const value = read(figures());
      if (value !== null) this.inc(value);
      else this.remove();
    },
  });
}

function addGauge<F>(registry: Registry, { name, help, read }: MetricRow<F>, figures: () => F) {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      const value = read(figures());
      if (value !== null) this.set(value);
      else this.remove();
    },
  });
}
