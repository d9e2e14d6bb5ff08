/**
 * Listening sockets that this process did not open: inherited, handed over, or from systemd.
 * @module
 */

import { NetError } from "../core/error.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  O_NONBLOCK,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_TYPE,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./constants.ts";
import { errnoError } from "./errno.ts";
import { libc } from "./libc.ts";
import { getIntegerOption } from "./option.ts";

const streamFamilies: ReadonlySet<number> = new Set([AF_INET, AF_INET6, AF_UNIX]);

/** True for a socket of streams that listens (TCP, Unix). @throws {NetError} code EBADF */
export function isStreamListener(fd: number): boolean {
  try {
    return getIntegerOption(fd, SOL_SOCKET, SO_ACCEPTCONN) !== 0 &&
      getIntegerOption(fd, SOL_SOCKET, SO_TYPE) === SOCK_STREAM &&
      streamFamilies.has(getIntegerOption(fd, SOL_SOCKET, SO_DOMAIN));
  } catch (thrown) {
    if (thrown instanceof NetError && thrown.code === "ENOTSOCK") return false;
    throw thrown;
  }
}

/**
 * Makes a foreign descriptor one of ours: closed on exec, or the children of sessions would keep
 * the port; and non-blocking, or an accept(2) whose client was quicker gone would stop the whole
 * runtime. The latter is seen by whoever shares it; servers that share a listener set it, too.
 *
 * @throws {NetError} code EBADF
 */
export function adopt(fd: number): void {
  const { fcntl } = libc();
  const flags = fcntl(fd, F_GETFL, 0);
  if (flags < 0) throw errnoError("fcntl");
  if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) throw errnoError("fcntl");
  setCloseOnExec(fd);
}

/** Keeps a foreign descriptor from the children of sessions. @throws {NetError} code EBADF */
export function setCloseOnExec(fd: number): void {
  if (libc().fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) throw errnoError("fcntl");
}

/** The first descriptor that systemd passes (sd_listen_fds(3), SD_LISTEN_FDS_START). */
const firstPassed = 3;

/** More than that were never passed by anyone in earnest. */
const mostPassed = 1_024;

/**
 * The descriptors that systemd passed, by name (sd_listen_fds_with_names(3)).
 *
 * @param environment reads a variable: LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES
 * @returns nothing where they were meant for another process
 */
export function passedDescriptors(
  environment: (name: string) => string | undefined,
  pid: number,
): ReadonlyMap<string, readonly number[]> {
  const byName = new Map<string, number[]>();
  const text = environment("LISTEN_FDS") ?? "";
  if (environment("LISTEN_PID") !== String(pid) || !/^\d{1,4}$/.test(text)) return byName;
  const names = environment("LISTEN_FDNAMES")?.split(":") ?? [];
  for (let at = 0; at < Math.min(Number(text), mostPassed); at++) {
    const name = names[at] || "unknown";
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [firstPassed + at]);
    else list.push(firstPassed + at);
  }
  return byName;
}
