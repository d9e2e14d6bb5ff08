/**
 * Listeners -> what the machine says of them and of this process, for `--stats`.
 * @module
 */

import type { Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import type { AcceptQueue, MachineFigures } from "../service/stats_figures.ts";
import { fileInode } from "../sys/file.ts";
import { descriptorLimits, openDescriptors } from "../sys/limits.ts";
import { askSockets } from "../sys/netlink.ts";
import { readNetTable } from "../sys/procnet.ts";
import { readSystemText } from "../sys/procfs.ts";
import { decodeInetDiag, encodeInetDump } from "../wire/inet_diag.ts";
import { parseNetCounters } from "../wire/procnet_counters.ts";
import { decodeUnixDiag, encodeUnixDump } from "../wire/unix_diag.ts";

/** What the machine says now. Nothing of it is kept. */
export function machineFigures(listeners: readonly Peer[]): MachineFigures {
  const { listenOverflows, listenDrops } = listenCounters();
  return {
    queues: acceptQueues(listeners),
    listenOverflows,
    listenDrops,
    residentBytes: residentBytes(),
    openDescriptors: openDescriptors(),
    descriptorLimit: finite(descriptorLimits()?.soft),
  };
}

/** Counters of full accept queues (netstat -s), of all of this network namespace. */
export function listenCounters(): Pick<MachineFigures, "listenOverflows" | "listenDrops"> {
  const counters = parseNetCounters(readNetTable("netstat") ?? "");
  return {
    listenOverflows: counters.get("TcpExt.ListenOverflows") ?? null,
    listenDrops: counters.get("TcpExt.ListenDrops") ?? null,
  };
}

/**
 * The accept queues of these listeners, in their order; those that the kernel does not tell are
 * left out. /proc/net/tcp would not do: it has no limits.
 */
export function acceptQueues(listeners: readonly Peer[]): readonly AcceptQueue[] {
  const told = toldByKernel(listeners);
  return listeners.flatMap((listener) => {
    const found = told.find(({ place }) => place === placeOf(listener));
    return found === undefined
      ? []
      : { listener: listener.text, length: found.length, limit: found.limit };
  });
}

interface ToldQueue {
  readonly place: string;
  readonly length: number;
  readonly limit: number;
}

function toldByKernel(listeners: readonly Peer[]): ToldQueue[] {
  const told: ToldQueue[] = [];
  try {
    if (listeners.some(({ scheme }) => scheme !== "unix")) {
      for (const family of ["inet", "inet6"] as const) told.push(...inetQueues(family));
    }
    if (listeners.some(({ scheme }) => scheme === "unix")) told.push(...unixQueues());
  } catch (thrown) {
    // Without permission, or on a kernel without this part, there are no figures.
    if (!(thrown instanceof NetError)) throw thrown;
  }
  return told;
}

function inetQueues(family: "inet" | "inet6"): ToldQueue[] {
  const question = { protocol: "tcp", family, info: false, listening: true } as const;
  const rows = decodeInetDiag("tcp", askSockets(encodeInetDump(question)), true);
  if (typeof rows === "number") return [];
  return rows.map(({ local, receiveQueue, sendQueue }) => ({
    place: `${local.host} ${local.port}`,
    length: receiveQueue,
    limit: sendQueue,
  }));
}

function unixQueues(): ToldQueue[] {
  const rows = decodeUnixDiag(askSockets(encodeUnixDump()));
  if (typeof rows === "number") return [];
  const listening = rows.filter(({ state }) => state === "LISTEN");
  return listening.map(({ path, fileInode, receiveQueue, sendQueue }) => ({
    place: fileInode === undefined ? path : `file ${fileInode}`,
    length: receiveQueue,
    limit: sendQueue,
  }));
}

/** By the file's inode where there is one: the kernel knows the name that it had at the bind. */
function placeOf({ host, port, path = "" }: Peer): string {
  if (host !== undefined) return `${host} ${port}`;
  return path.startsWith("@") ? path : `file ${fileInode(path)}`;
}

/** In kB whatever the size of a page is (proc_pid_status(5)). */
function residentBytes(): number | null {
  const kilobytes = /^VmRSS:\s*(\d+) kB/m.exec(readSystemText("/proc/self/status") ?? "")?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
