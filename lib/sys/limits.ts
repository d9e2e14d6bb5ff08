/**
 * Bounds that the system sets: descriptors of this process, lengths of the kernel's queues.
 * @module
 */

import { NetError } from "../core/error.ts";
import { RLIMIT_NOFILE } from "./constants.ts";
import { hasLibc, libc } from "./libc.ts";
import { errnoError } from "./errno.ts";
import { listDirectory, readSystemText } from "./procfs.ts";

/** A limit of resources with its two values, as getrlimit(2) has them. */
export interface ResourceLimit {
  /** The one in force; Infinity where unlimited. */
  readonly soft: number;
  /** Up to which a process may raise the soft one by itself. */
  readonly hard: number;
}

/**
 * How many descriptors this process may have open (RLIMIT_NOFILE), by libc or /proc/self/limits; null where
 * neither may be read.
 */
export function descriptorLimits(): ResourceLimit | null {
  if (hasLibc()) {
    const limits = new BigUint64Array(2);
    if (libc().getrlimit(RLIMIT_NOFILE, limits) < 0) throw errnoError("getrlimit");
    return { soft: limitOf(limits[0]), hard: limitOf(limits[1]) };
  }
  return resourceLimit("Max open files");
}

/**
 * How many processes and threads the user of this process may have (getrlimit(2), RLIMIT_NPROC);
 * null where /proc may not be read.
 */
export function taskLimits(): ResourceLimit | null {
  return resourceLimit("Max processes");
}

/** A row of proc_pid_limits(5). */
function resourceLimit(name: string): ResourceLimit | null {
  const text = readSystemText("/proc/self/limits");
  const row = text?.match(new RegExp(`^${name} +(\\S+) +(\\S+)`, "m"));
  if (!row) return null;
  const read = (word: string | undefined) => word === "unlimited" ? Infinity : Number(word);
  return { soft: read(row[1]), hard: read(row[2]) };
}

/** RLIM_INFINITY is all ones. */
function limitOf(value: bigint | undefined): number {
  return value === undefined || value === 2n ** 64n - 1n ? Infinity : Number(value);
}

/** How many descriptors this process has open, or null where /proc may not be read. */
export function openDescriptors(): number | null {
  const names = listDirectory("/proc/self/fd");
  return names.length === 0 ? null : names.length - 1; // one of them is the one that lists
}

/** Descriptors that this process may still open, or null where that cannot be known. */
export function freeDescriptors(): number | null {
  const [limit, open] = [descriptorLimits()?.soft, openDescriptors()];
  if (limit === undefined || open === null || !Number.isFinite(limit)) return null;
  return Math.max(0, limit - open);
}

/** Load averages over 1, 5 and 15 minutes (proc_loadavg(5)), or null where /proc may not be read. */
export function loadAverages(): readonly [number, number, number] | null {
  const words = readSystemText("/proc/loadavg")?.split(" ").map(Number) ?? [];
  const [one, five, fifteen] = words;
  if (one === undefined || five === undefined || fifteen === undefined) return null;
  return [one, five, fifteen];
}

/**
 * A number that no open descriptor of this process reaches. The kernel's table grows by doubling
 * and never shrinks; its size (FDSize, proc_pid_status(5)) costs one small read, while listing
 * /proc/self/fd costs one entry for each descriptor. Without /proc, or without a descriptor to
 * read it with, it is the soft limit.
 */
export function descriptorTableSize(): number {
  try {
    const size = readSystemText("/proc/self/status")?.match(/^FDSize:\s*(\d+)/m)?.[1];
    if (size !== undefined) return Number(size);
  } catch (thrown) {
    // Sessions are closed by way of this when there is none left: it must not stop them.
    if (!(thrown instanceof NetError && thrown.kind === "exhausted")) throw thrown;
  }
  return Math.min(descriptorLimits()?.soft ?? Infinity, 1_048_576);
}

/** Longest accept queue that listen(2) grants, or null where it may not be read. */
export function maximumBacklog(): number | null {
  return systemNumber("net/core/somaxconn");
}

/** One number below /proc/sys (`net/core/rmem_max`), or null where it may not be read. */
export function systemNumber(name: string): number | null {
  const text = readSystemText(`/proc/sys/${name}`)?.trim();
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : null;
}

/** Several numbers in one file below /proc/sys (`net/ipv4/tcp_rmem`), or null. */
export function systemNumbers(name: string): readonly number[] | null {
  const words = readSystemText(`/proc/sys/${name}`)?.trim().split(/\s+/);
  return words?.every((word) => /^-?\d+$/.test(word)) ? words.map(Number) : null;
}

/** Processes and threads of the whole machine (proc_loadavg(5)), or null. */
export function systemTasks(): number | null {
  const total = readSystemText("/proc/loadavg")?.match(/ \d+\/(\d+) /)?.[1];
  return total === undefined ? null : Number(total);
}

/** Memory that programs can still get without swapping, in bytes (MemAvailable), or null. */
export function availableMemory(): number | null {
  const kibibytes = readSystemText("/proc/meminfo")?.match(/^MemAvailable: +(\d+) kB$/m)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}
