/**
 * Reading what the kernel says about its network; `lib/wire` parses it.
 * @module
 */

import { readSystemText } from "./procfs.ts";

/** Tables below /proc/net (proc_pid_net(5)), of this process's network namespace. */
export type NetTable =
  | "tcp"
  | "tcp6"
  | "udp"
  | "udp6"
  | "unix"
  | "route"
  | "ipv6_route"
  | "if_inet6"
  | "dev"
  | "fib_trie"
  | "snmp"
  | "netstat"
  | "sockstat";

/**
 * The text of one table.
 *
 * @returns null where the kernel has no such table (IPv6 switched off) or it may not be read
 * @throws {NetError} kind "limit" over 64 MiB
 */
export function readNetTable(table: NetTable): string | null {
  return readSystemText(`/proc/net/${table}`);
}

/** Number of an interface by its name, or null where there is none. */
export function interfaceIndex(name: string): number | null {
  if (!/^[^/\s]{1,15}$/.test(name) || name === "." || name === "..") return null; // IFNAMSIZ
  const index = readSystemText(`/sys/class/net/${name}/ifindex`)?.trim();
  return index === undefined ? null : Number(index);
}
