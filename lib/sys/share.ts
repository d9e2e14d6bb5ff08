/**
 * Descriptors that several processes or threads use: inherited on purpose, or duplicated so that
 * each user closes its own.
 * @module
 */

import { F_DUPFD_CLOEXEC, F_SETFD, FD_CLOEXEC } from "./constants.ts";
import { errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";

/**
 * Says whether children that are started from now on inherit a descriptor, under the same number.
 *
 * @throws {NetError} code EBADF where it is not open; kind "unavailable" without FFI permission
 */
export function setInherited(fd: number, inherited: boolean): void {
  if (libc().fcntl(fd, F_SETFD, inherited ? 0 : FD_CLOEXEC) < 0) throw errnoError("fcntl");
}

/**
 * Another descriptor of the same open socket, closed on exec, which the caller owns. Two threads
 * that share one number would have to agree on who closes it: the number is reused at once.
 *
 * @throws {NetError} kind "exhausted" at the descriptor limit
 */
export function duplicate(fd: number): number {
  const copy = libc().fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw errnoError("duplicate", errno());
  return copy;
}
