/**
 * Who is in a process group.
 * @module
 */

import { listDirectory, readSystemText } from "./procfs.ts";

/**
 * True while a process of the group runs. Zombies do not count: an orphan stays one for ever where
 * process 1 does not reap, as in many containers, and kill(2) takes it for alive.
 *
 * @param group process group id
 */
export function hasRunningMember(group: number): boolean {
  for (const pid of listDirectory("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = readSystemText(`/proc/${pid}/stat`);
    if (stat === null) continue; // gone since it was listed
    // proc(5): "pid (name) state ppid pgrp ..."; the name may hold anything, also parentheses.
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(pgrp) === group && state !== "Z" && state !== "X") return true;
  }
  return false;
}
