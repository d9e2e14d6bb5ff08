/**
 * Descriptors of the runtime's own sockets, which it does not tell: found by their addresses, to
 * set what its API cannot. Borrowed, never closed here: the runtime owns them.
 * @module
 */

import { SO_LINGER, SO_TYPE, SOL_SOCKET } from "./constants.ts";
import { ENOTCONN } from "./errno.ts";
import { hasLibc } from "./libc.ts";
import { descriptorTableSize } from "./limits.ts";
import { getIntegerOption, setOption } from "./option.ts";
import { sockaddrMatcher } from "./sockaddr_match.ts";
import { socketNameMatches } from "./socket_name.ts";

/** 0 to 2 are standard streams; one of them may be a socket (inetd), but never the runtime's. */
const firstDescriptor = 3;

/** How far the last scan of the descriptor table went, and where the next one begins. */
const scan = { size: 0, next: firstDescriptor };

/**
 * Finds the descriptor of a socket of this process by the raw sockaddrs of its ends. Each
 * descriptor costs one bare system call; the scan begins after the one found last, so that
 * sockets asked for in the order of their making are found at once.
 *
 * Several sockets may carry the same pair (a TCP and a UDP socket, SO_REUSEPORT listeners): `type`
 * tells the first apart, of the others any may be found.
 *
 * @param remote the peer, or null for a socket that is connected to none (listeners)
 * @param type SOCK_STREAM or SOCK_DGRAM; without it, any
 * @param except descriptors that are known to be others
 * @returns null where there is none, or without FFI permission
 */
export function findDescriptor(
  local: Uint8Array,
  remote: Uint8Array | null,
  type?: number,
  except?: ReadonlySet<number>,
): number | null {
  if (!hasLibc()) return null;
  const isLocal = sockaddrMatcher(local);
  const isRemote = remote === null ? null : sockaddrMatcher(remote);
  const isIt = (fd: number): boolean => {
    if (except?.has(fd)) return false;
    // The peer first: all that one listener has accepted have the same local end.
    const peer = isRemote === null
      ? socketNameMatches(fd, "local", isLocal)
      : socketNameMatches(fd, "remote", isRemote);
    if (peer !== true) return false;
    const other = isRemote === null
      ? socketNameMatches(fd, "remote", () => true) === ENOTCONN
      : socketNameMatches(fd, "local", isLocal) === true;
    return other && (type === undefined || getIntegerOption(fd, SOL_SOCKET, SO_TYPE) === type);
  };
  return findWhere(isIt);
}

/** Scans round from the last hit; a table that has grown meanwhile is scanned to its new end. */
function findWhere(isIt: (fd: number) => boolean): number | null {
  const scanRange = (from: number, to: number): number | null => {
    for (let fd = from; fd < to; fd++) {
      if (!isIt(fd)) continue;
      scan.next = fd + 1;
      return fd;
    }
    return null;
  };
  const found = scanRange(scan.next, scan.size) ?? scanRange(firstDescriptor, scan.next);
  if (found !== null) return found;
  const before = Math.max(scan.size, firstDescriptor);
  scan.size = descriptorTableSize();
  return scanRange(before, scan.size);
}

/**
 * Makes the last close of a socket a reset that throws unsent data away: SO_LINGER with a time of
 * 0, socket(7), RFC 9293 3.10.5 (ABORT). For sockets of our own: the runtime shuts its sockets down
 * before it closes them, for which there is `resetNow`.
 *
 * @throws {NetError} with the system's code; kind "unavailable" without FFI permission
 */
export function resetOnClose(fd: number): void {
  // struct linger { l_onoff = 1, l_linger = 0 }
  setOption(fd, SOL_SOCKET, SO_LINGER, new Uint8Array(Int32Array.of(1, 0).buffer));
}

/**
 * Takes back what `resetOnClose` or the option `linger` set: close goes on in the background. The
 * kernel would wait in close(2) even on a non-blocking socket (tcp_close), and everything with it.
 *
 * @throws {NetError} as `resetOnClose`
 */
export function unlinger(fd: number): void {
  setOption(fd, SOL_SOCKET, SO_LINGER, new Uint8Array(8));
}
