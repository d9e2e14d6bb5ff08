/**
 * The signs by which the program's entry knows that it was started to serve sessions of another
 * process or thread. Apart from what it leads to: every start looks at them.
 * @module
 */

/** The first argument of child processes. */
export const farArgument = "--child";

/** The name of worker threads. */
export const farWorkerName = "plumb-far";

/** What a worker thread says first, once it hears what is said to it. */
export const listening = "listening";

/** The name of worker threads of a pool. */
export const poolWorkerName = "plumb-pool";

/** Which of the two kinds of worker threads this is, or null in any other. */
export function threadKind(): "far" | "pool" | null {
  const { name } = globalThis as { readonly name?: unknown };
  return name === farWorkerName ? "far" : name === poolWorkerName ? "pool" : null;
}
