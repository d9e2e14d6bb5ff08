/**
 * The bound that a container or a service sets on its processes and threads (cgroup pids).
 * @module
 */

import { readSystemText } from "./procfs.ts";

/** The tightest bound on the way from this process's group to the root. */
export interface TaskGroup {
  /** Folder of the group, below /sys/fs/cgroup. */
  readonly path: string;
  /** Most tasks that it may hold (pids.max). */
  readonly maximum: number;
  /** Tasks that it holds now (pids.current). */
  readonly current: number;
}

/**
 * Looks it up, in version 2 of cgroups(7) and in version 1.
 *
 * @returns null where nothing is bounded, or the groups may not be read
 */
export function taskGroup(): TaskGroup | null {
  const found = taskFolders(readSystemText("/proc/self/cgroup") ?? "").flatMap(readGroup);
  const room = ({ maximum, current }: TaskGroup) => maximum - current;
  return found.sort((a, b) => room(a) - room(b))[0] ?? null;
}

/**
 * /proc/self/cgroup -> the folders whose bounds hold, from the inside to the outside. A container
 * often sees its own group as the root, under a path that it does not have: the root is among them.
 */
export function taskFolders(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    const unified = controllers === "";
    if (path === undefined || (!unified && !controllers?.split(",").includes("pids"))) return [];
    // "Hybrid" machines have version 2 beside the controllers of version 1.
    const roots = unified ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] : ["/sys/fs/cgroup/pids"];
    const names = path.split("/").filter((name) => name !== "");
    const within = names.map((_, at) => `/${names.slice(0, names.length - at).join("/")}`);
    return roots.flatMap((root) => [...within, ""].map((folder) => `${root}${folder}`));
  });
}

function readGroup(folder: string): TaskGroup[] {
  const maximum = readSystemText(`${folder}/pids.max`)?.trim();
  const current = readSystemText(`${folder}/pids.current`)?.trim();
  // "max" stands for no bound.
  if (maximum === undefined || current === undefined || !/^\d+$/.test(maximum)) return [];
  return [{ path: folder, maximum: Number(maximum), current: Number(current) }];
}
