/**
 * Orphans: the first process of a container inherits every process whose parent has ended, and
 * nobody else will ask for their exit status (a zombie holds its place in the process table).
 * @module
 */

import { libc } from "./libc.ts";
import { readSystemText } from "./procfs.ts";

/** waitpid(2): do not wait. */
const WNOHANG = 1;

/** How often a zombie is seen before it is taken for an orphan. */
const sightings = 3;

/**
 * Reaps orphans, look by look.
 *
 * The runtime asks for the status of its own children by itself, as soon as SIGCHLD comes; a
 * waitpid(-1) here would take it away from it. Which zombie is whose is not told by anything. So a
 * child is an orphan once it was a zombie in three looks in a row, each with a turn of the event
 * loop after the one before: the runtime has long taken its own by then.
 */
export class Reaper {
  readonly #pid: number;
  #seen = new Map<number, number>();

  /** @param pid of this process: 1 in a container */
  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Looks once. @returns the orphans that it has reaped */
  look(): readonly number[] {
    const before = this.#seen;
    this.#seen = new Map();
    const reaped: number[] = [];
    for (const pid of this.#children()) {
      if (!isZombie(pid)) continue;
      const times = (before.get(pid) ?? 0) + 1;
      if (times < sightings) this.#seen.set(pid, times);
      else if (libc().waitpid(pid, null, WNOHANG) === pid) reaped.push(pid);
    }
    return reaped;
  }

  #children(): readonly number[] {
    // Orphans are children of the main thread, those of the runtime of whichever started them.
    const text = readSystemText(`/proc/${this.#pid}/task/${this.#pid}/children`) ?? "";
    return text.split(" ").filter((word) => word !== "").map(Number);
  }
}

/** proc_pid_stat(5): the state follows the name, which may hold anything but ends with `)`. */
function isZombie(pid: number): boolean {
  const stat = readSystemText(`/proc/${pid}/stat`) ?? "";
  return stat[stat.lastIndexOf(")") + 2] === "Z";
}
