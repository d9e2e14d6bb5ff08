/**
 * The processes below a process, from /proc; and the end of them.
 * @module
 */

/** The process ids of the children, of every thread; none when the process has gone. */
export function childrenOf(pid: number): number[] {
  const children: number[] = [];
  try {
    for (const task of Deno.readDirSync(`/proc/${pid}/task`)) {
      const text = Deno.readTextFileSync(`/proc/${pid}/task/${task.name}/children`);
      children.push(...text.split(" ").filter((word) => word !== "").map(Number));
    }
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return children;
}

/** Kills a process with all that it started: those would hold its pipes open. */
export function killTree(pid: number): void {
  const children = childrenOf(pid);
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  for (const child of children) killTree(child);
}

/**
 * True for what reading /proc says of a process that has ended: "not found", or ESRCH where it
 * ended between open(2) and read(2).
 */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    (error instanceof Error && /ESRCH|os error 3\b/.test(error.message));
}
