/**
 * Garbage collection on request.
 * @module
 */

import { hasLibc, libc } from "./libc.ts";

/**
 * Collects all garbage now; the thread stands still for as long as that takes (some 20 ms for
 * 100 MB). The runtime has no call for it: V8's own becomes visible in contexts that are made after
 * its flag is set.
 *
 * @returns false where the runtime does not let us
 */
export async function collectGarbage(): Promise<boolean> {
  const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")]);
  v8.setFlagsFromString("--expose-gc");
  const collect: unknown = vm.runInNewContext("typeof gc === 'function' ? gc : undefined");
  v8.setFlagsFromString("--no-expose-gc");
  if (typeof collect !== "function") return false;
  collect();
  return true;
}

/**
 * Gives pages back that the C heap has free: glibc keeps those between allocations that are left,
 * until it is asked (malloc_trim(3)). After 5,000 connections came in at once those were 1 KiB
 * each, of what the runtime's own tasks and buffers had taken and freed.
 *
 * Does nothing without FFI permission, or where libc has no such call.
 */
export function trimFreed(): void {
  if (hasLibc()) libc().malloc_trim?.(0);
}
