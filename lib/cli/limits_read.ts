/**
 * The bounds that this machine sets on a server, with what each is.
 * @module
 */

import { taskGroup } from "../sys/cgroup.ts";
import {
  availableMemory,
  descriptorLimits,
  type ResourceLimit,
  systemNumbers,
  systemTasks,
  taskLimits,
} from "../sys/limits.ts";

/** Every bound that is shown: the setting it is, and what it means in a line. */
export const machineLimits = {
  "open-files": {
    setting: "RLIMIT_NOFILE",
    meaning: "descriptors of one process; plumb raises its soft limit to the hard one",
  },
  "file-max": { setting: "fs.file-max", meaning: "open files and sockets of the whole machine" },
  "nr-open": { setting: "fs.nr_open", meaning: "the most that RLIMIT_NOFILE can be set to" },
  processes: {
    setting: "RLIMIT_NPROC",
    meaning: "processes and threads of this user; root is not held to it",
  },
  "cgroup-pids": {
    setting: "pids.max",
    meaning: "processes and threads of this service or container (cgroup)",
  },
  "threads-max": { setting: "kernel.threads-max", meaning: "threads of the whole machine" },
  "pid-max": {
    setting: "kernel.pid_max",
    meaning: "the highest process id: processes and threads of the machine",
  },
  "memory-maps": {
    setting: "vm.max_map_count",
    meaning: "memory areas of one process; each thread of plumb takes about 35",
  },
  memory: { setting: "MemAvailable", meaning: "bytes that programs can still get" },
  backlog: {
    setting: "net.core.somaxconn",
    meaning: "connections that may wait for accept at one listener",
  },
  "syn-backlog": {
    setting: "net.ipv4.tcp_max_syn_backlog",
    meaning: "half-open connections of one listener",
  },
  "ephemeral-ports": {
    setting: "net.ipv4.ip_local_port_range",
    meaning: "ports of connections that go out, for each remote address and port",
  },
  "receive-buffer": { setting: "net.core.rmem_max", meaning: "the most bytes that ?rcvbuf= gets" },
  "send-buffer": { setting: "net.core.wmem_max", meaning: "the most bytes that ?sndbuf= gets" },
  "tcp-receive": {
    setting: "net.ipv4.tcp_rmem",
    meaning: "least, first and most bytes of a TCP receive buffer",
  },
  "tcp-send": {
    setting: "net.ipv4.tcp_wmem",
    meaning: "least, first and most bytes of a TCP send buffer",
  },
  "tcp-memory": {
    setting: "net.ipv4.tcp_mem",
    meaning: "pages of all TCP: calm below the first, drops above the last",
  },
  "udp-memory": { setting: "net.ipv4.udp_mem", meaning: "pages of all UDP, the same" },
} as const;

/** Name of a bound. */
export type MachineLimitName = keyof typeof machineLimits;

/** One bound as it is now. */
export interface MachineLimit {
  /** One number or several; Infinity where unlimited; null where it cannot be known. */
  readonly value: number | readonly number[] | null;
  /** The hard limit, of those that have two. */
  readonly hard?: number;
  /** How much is taken of it now. */
  readonly used?: number;
}

/** All of them, as they are now. */
export type MachineState = Readonly<Record<MachineLimitName, MachineLimit>>;

/** Reads them. What may not be read is null, never an error: containers hide much of it. */
export function readMachine(): MachineState {
  const files = systemNumbers("fs/file-nr")?.[0];
  const tasks = systemTasks() ?? undefined;
  const group = taskGroup();
  return {
    "open-files": ofResource(descriptorLimits()),
    "file-max": used(sysctl("fs/file-max"), files),
    "nr-open": sysctl("fs/nr_open"),
    processes: ofResource(taskLimits()),
    "cgroup-pids": group === null
      ? { value: Infinity }
      : { value: group.maximum, used: group.current },
    "threads-max": used(sysctl("kernel/threads-max"), tasks),
    "pid-max": used(sysctl("kernel/pid_max"), tasks),
    "memory-maps": sysctl("vm/max_map_count"),
    memory: { value: availableMemory() },
    backlog: sysctl("net/core/somaxconn"),
    "syn-backlog": sysctl("net/ipv4/tcp_max_syn_backlog"),
    "ephemeral-ports": sysctl("net/ipv4/ip_local_port_range"),
    "receive-buffer": sysctl("net/core/rmem_max"),
    "send-buffer": sysctl("net/core/wmem_max"),
    "tcp-receive": sysctl("net/ipv4/tcp_rmem"),
    "tcp-send": sysctl("net/ipv4/tcp_wmem"),
    "tcp-memory": sysctl("net/ipv4/tcp_mem"),
    "udp-memory": sysctl("net/ipv4/udp_mem"),
  };
}

function sysctl(name: string): MachineLimit {
  const values = systemNumbers(name);
  const [first] = values ?? [];
  return { value: values?.length === 1 && first !== undefined ? first : values };
}

function used(limit: MachineLimit, count: number | undefined): MachineLimit {
  return count === undefined ? limit : { ...limit, used: count };
}

function ofResource(limit: ResourceLimit | null): MachineLimit {
  return limit === null ? { value: null } : { value: limit.soft, hard: limit.hard };
}
