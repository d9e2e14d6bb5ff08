/**
 * The signs by which the program's entry knows that it was started to serve sessions of another
 * process or thread. Apart from what it leads to: every start looks at them.
 * @module
 */

/** The first argument of child processes. */
export const farArgument = "--child";

/** The name of worker threads. */
export const farWorkerName = "plumb-far";

/** True in a worker thread of plumb. */
export function isFarThread(): boolean {
  return (globalThis as { readonly name?: unknown }).name === farWorkerName;
}
