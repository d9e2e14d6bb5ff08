/**
 * Ending standard output while the process goes on, so that its reader sees the end.
 * @module
 */

import { F_GETFD, FD_CLOEXEC, O_CLOEXEC, O_WRONLY, SHUT_WR } from "./constants.ts";
import { errnoError } from "./errno.ts";
import { hasLibc, libc } from "./libc.ts";

const output = 1;
const errorOutput = 2;

/**
 * Ends standard output. The runtime keeps a duplicate of it that no API closes, so that every
 * descriptor of the same pipe must go: each is made one of /dev/null (dup2), never just closed,
 * for the next open would get number 1 and be written to by whoever still prints. Of the others
 * only those that close on exec are the runtime's; one that was inherited (`3>&1`) is the user's.
 * A socket (inetd) is shut down for writing, which needs none of this.
 *
 * @returns false where the output ends only with the process: without FFI permission or /proc, or
 * where standard error is the same
 * @throws {NetError} where the system refuses
 */
export function closeStandardOutput(): boolean {
  if (!hasLibc()) return false;
  const calls = libc();
  if (calls.shutdown(output, SHUT_WR) === 0) return true;
  const target = linkOf(output);
  // Behind `2>&1` the reader would see no end anyway while standard error is open, and what was
  // duplicated of which of the two cannot be told.
  if (target === null || target === linkOf(errorOutput)) return false;
  const duplicates = [...Deno.readDirSync("/proc/self/fd")].map((entry) => Number(entry.name))
    .filter((fd) => fd > errorOutput && linkOf(fd) === target)
    .filter((fd) => (calls.fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) !== 0);
  const sink = calls.open(new TextEncoder().encode("/dev/null\0"), O_WRONLY | O_CLOEXEC);
  if (sink < 0) throw errnoError("open", undefined, "/dev/null");
  try {
    if (calls.dup2(sink, output) < 0) throw errnoError("dup2");
    for (const fd of duplicates) if (calls.dup3(sink, fd, O_CLOEXEC) < 0) throw errnoError("dup3");
  } finally {
    calls.close(sink);
  }
  return true;
}

function linkOf(fd: number): string | null {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return null; // gone since it was listed, or /proc is not for us
  }
}
