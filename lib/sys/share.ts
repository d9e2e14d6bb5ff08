/**
 * Descriptors that several processes or threads use: inherited on purpose, or duplicated so that
 * each user closes its own.
 * @module
 */

import { F_DUPFD_CLOEXEC, F_SETFD, FD_CLOEXEC, SO_COOKIE, SOL_SOCKET } from "./constants.ts";
import { errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { getOption } from "./option.ts";

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

/**
 * Finds out whether so many more descriptors could be opened now. None of them is kept.
 *
 * @param fd an open one
 * @throws {NetError} kind "exhausted" at the descriptor limit
 */
export function requireDescriptors(fd: number, count: number): void {
  const copies: number[] = [];
  try {
    while (copies.length < count) copies.push(duplicate(fd));
  } finally {
    for (const copy of copies) libc().close(copy);
  }
}

/** One open socket: its number here, and the kernel's number of it. */
export interface SocketIdentity {
  readonly descriptor: number;
  /** SO_COOKIE in decimal: never given twice while the system runs, unlike descriptors. */
  readonly cookie: string;
}

/** Identifies an open socket. @throws {NetError} where it is none */
export function socketIdentity(fd: number): SocketIdentity {
  const bytes = getOption(fd, SOL_SOCKET, SO_COOKIE, 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { descriptor: fd, cookie: String(view.getBigUint64(0, true)) };
}

/**
 * Closes a socket of a thread that was ended and could not do it, unless it did: then the number
 * may be another file's. Both ends are told.
 */
export function closeLeftover({ descriptor, cookie }: SocketIdentity): void {
  try {
    if (socketIdentity(descriptor).cookie !== cookie) return;
  } catch {
    return; // no socket any more, or none at all
  }
  libc().close(descriptor);
}
