/**
 * What a model needs beside what the machine has -> what to set, and where. Pure.
 * @module
 */

import { limitTable } from "../core/limits.ts";
import type { Model } from "../service/model.ts";
import type { ModelNeeds } from "./limits_model.ts";
import type { MachineLimitName, MachineState } from "./limits_read.ts";

/** One need, held against the machine. */
export interface NeedRow {
  readonly limit: MachineLimitName;
  readonly needed: number;
  /** What there is; null where it cannot be known: then it counts as enough. */
  readonly now: number | null;
  readonly enough: boolean;
}

/** Lines for one file, ready to be copied. */
export interface SettingBlock {
  readonly file: string;
  readonly lines: readonly string[];
}

/** Where process ids end on 64-bit machines (PID_MAX_LIMIT of linux/threads.h). */
const highestPid = 4_194_304;

/** Compares every need. What others use now is added to what the whole machine must have. */
export function compareNeeds(needs: ModelNeeds, machine: MachineState): NeedRow[] {
  const row = (limit: MachineLimitName, needed: number): NeedRow => {
    const { value, hard, used = 0 } = machine[limit];
    const now = hard ?? (typeof value === "number" ? value : null);
    return { limit, needed: needed + used, now, enough: now === null || now >= needed + used };
  };
  return [
    row("open-files", needs.descriptors),
    row("nr-open", needs.descriptors),
    row("file-max", needs.files),
    row("processes", needs.tasks),
    row("cgroup-pids", needs.tasks),
    row("threads-max", needs.tasks),
    row("pid-max", needs.tasks),
    row("memory-maps", needs.maps),
    row("backlog", needs.waiting),
    row("syn-backlog", needs.waiting),
    row("memory", needs.memoryBytes),
  ];
}

const sysctls: Readonly<Partial<Record<MachineLimitName, string>>> = {
  "nr-open": "fs.nr_open",
  "file-max": "fs.file-max",
  "threads-max": "kernel.threads-max",
  "pid-max": "kernel.pid_max",
  "memory-maps": "vm.max_map_count",
  backlog: "net.core.somaxconn",
  "syn-backlog": "net.ipv4.tcp_max_syn_backlog",
};

/**
 * What to set. Lines of limits.conf and systemd are always there: a login and a unit get their own
 * limits, whatever the shell has in which this was asked; of sysctl what is too low. None is below
 * what there is: `nproc` counts all that the user runs, not the server alone.
 *
 * @param user whose logins limits.conf is for
 */
export function settingsFor(
  needs: ModelNeeds,
  rows: readonly NeedRow[],
  user: string,
): SettingBlock[] {
  const atLeast = (limit: MachineLimitName): string => {
    const row = rows.find((row) => row.limit === limit);
    const value = Math.max(row?.needed ?? 0, row?.now ?? 0);
    return value === Infinity ? "infinity" : String(value);
  };
  const files = atLeast("open-files");
  const tasks = atLeast("processes");
  const low = rows.filter((row) => !row.enough && sysctls[row.limit] !== undefined)
    .filter((row) => row.limit !== "pid-max" || row.needed <= highestPid);
  return [
    {
      file: "/etc/security/limits.conf",
      lines: ["soft", "hard"].flatMap((kind) => [
        `${user} ${kind} nofile ${files}`,
        `${user} ${kind} nproc ${tasks}`,
      ]),
    },
    {
      file: "systemd unit",
      lines: [
        "[Service]",
        `LimitNOFILE=${files}`,
        `LimitNPROC=${tasks}`,
        // Of the unit alone: nothing but the server is in it.
        `TasksMax=${needs.tasks + spareTasks}`,
      ],
    },
    ...(low.length === 0 ? [] : [{
      file: "/etc/sysctl.d/90-plumb.conf (sysctl)",
      lines: low.map((row) => `${sysctls[row.limit]} = ${row.needed}`),
    }]),
  ];
}

/** What TCP listeners have without `?backlog`. */
const usualBacklog = 511;

/** Of plumb's own limits what is too low for it: null where none is. */
export function serverFlags(
  needs: ModelNeeds,
  model: Model,
  modelText: string,
): SettingBlock | null {
  const flags: string[] = [];
  if (needs.open > limitTable.connections.value) flags.push(`--max-connections ${needs.open}`);
  const bound = model.kind === "process" ? "processes" : model.kind === "thread" ? "threads" : null;
  if (bound !== null && needs.started > limitTable[bound].value) {
    flags.push(`--limit ${bound}=${needs.started}`);
  }
  const isLong = needs.waiting > usualBacklog;
  if (flags.length === 0 && !isLong) return null;
  const address = isLong ? `'ADDR?backlog=${needs.waiting}'` : "ADDR";
  const line = ["plumb serve SERVICE", address, `--model ${modelText}`, ...flags].join(" ");
  return { file: "plumb's own limits", lines: [line] };
}

/** Children of `exec`, hooks, and who looks in. */
const spareTasks = 512;

/** What no setting can give, in words; empty where there is nothing of it. */
export function impossible(rows: readonly NeedRow[]): string[] {
  return rows.flatMap(({ limit, needed, enough }) => {
    if (limit === "memory" && !enough) {
      return ["there is not that much memory: another model, or more machines"];
    }
    if (limit === "pid-max" && needed > highestPid) {
      return [`Linux has at most ${highestPid} process ids: another model, or more machines`];
    }
    return [];
  });
}
