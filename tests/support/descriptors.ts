/**
 * What a process holds, read from /proc: counted before and after, it shows a leak.
 * @module
 */

import { childrenOf, isGone } from "../../tools/descendants.ts";

/** A count of what a process holds. */
export interface Holdings {
  readonly descriptors: number;
  /** Of those, sockets. */
  readonly sockets: number;
  readonly threads: number;
  readonly children: number;
  /** Resident memory in bytes. */
  readonly residentBytes: number;
}

/** Counts what a process holds; without a pid, this one. */
export function holdings(pid: number = Deno.pid): Holdings {
  const links = descriptorLinks(pid);
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return {
    descriptors: links.length,
    sockets: links.filter((link) => link.startsWith("socket:")).length,
    threads: statusNumber(status, "Threads"),
    children: childrenOf(pid).length,
    residentBytes: statusNumber(status, "VmRSS") * 1024,
  };
}

/** Where each descriptor of a process points. */
export function descriptorLinks(pid: number = Deno.pid): string[] {
  const links: string[] = [];
  for (const entry of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      links.push(Deno.readLinkSync(`/proc/${pid}/fd/${entry.name}`));
    } catch (error) {
      // Closed since the folder was read; reading one's own folder always shows one such.
      if (!isGone(error)) throw error;
    }
  }
  return links;
}

/** True while a process exists and is no zombie. */
export function isAlive(pid: number): boolean {
  return stateOf(pid) === "alive";
}

/** True for a process that has ended and that nobody has waited for. */
export function isZombie(pid: number): boolean {
  return stateOf(pid) === "zombie";
}

function stateOf(pid: number): "alive" | "zombie" | "gone" {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return /^State:\s+Z/m.test(status) ? "zombie" : "alive";
  } catch (error) {
    if (isGone(error)) return "gone";
    throw error;
  }
}

/**
 * Waits until `settled` holds of a process; for what the kernel and the runtime finish a little
 * after the close that a test can see.
 *
 * @throws Error that shows the last count when the time is up
 */
export async function settle(
  pid: number,
  settled: (now: Holdings) => boolean,
  timeoutMs = 5_000,
): Promise<Holdings> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const now = holdings(pid);
    if (settled(now)) return now;
    if (performance.now() > end) throw new Error(`never settled: ${JSON.stringify(now)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function statusNumber(status: string, name: string): number {
  const digits = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1];
  if (digits === undefined) throw new Error(`/proc status has no ${name}`);
  return Number(digits);
}
