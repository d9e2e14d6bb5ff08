/**
 * Telling whether two raw sockaddrs name the same end, though they were made by different hands:
 * the kernel's, and an encoder's that got the text which the runtime reported.
 * @module
 */

import { AF_INET, AF_INET6, AF_UNIX } from "./constants.ts";

/** Looks at the first `length` bytes of a kernel's answer. */
export type SockaddrMatcher = (name: Uint8Array, length: number) => boolean;

/** ::ffff:0:0/96, under which a dual-stack socket reports an IPv4 peer (RFC 4291, 2.5.5.2). */
const mappedPrefix = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/** sa_family is in host order; both machines are little-endian. */
function familyOf(name: Uint8Array): number {
  return (name[0] ?? 0) | ((name[1] ?? 0) << 8);
}

/** Offset of the IPv4 address in a sockaddr_in or of the mapped one in a sockaddr_in6, or -1. */
function ipv4Offset(name: Uint8Array): number {
  const family = familyOf(name);
  if (family === AF_INET) return 4;
  if (family !== AF_INET6) return -1;
  for (let i = 0; i < mappedPrefix.length; i++) if (name[8 + i] !== mappedPrefix[i]) return -1;
  return 20;
}

function sameBytes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/**
 * A comparison with `wanted`. IPv4 and IPv4-mapped addresses are equal; flow labels are not
 * compared, and a scope only where both name one (the runtime reports addresses without it). A
 * Unix path ends at its first NUL, an abstract name has exactly its length.
 */
export function sockaddrMatcher(wanted: Uint8Array): SockaddrMatcher {
  const family = familyOf(wanted);
  if (family === AF_UNIX) return unixMatcher(wanted);
  const at = ipv4Offset(wanted);
  if (at >= 0) {
    return (name) => {
      // the port first: it tells nearly all sockets apart
      if (!sameBytes(name, 2, wanted, 2, 2)) return false;
      const offset = ipv4Offset(name);
      return offset >= 0 && sameBytes(name, offset, wanted, at, 4);
    };
  }
  if (family !== AF_INET6) return () => false;
  return (name) =>
    sameBytes(name, 2, wanted, 2, 2) && familyOf(name) === AF_INET6 &&
    sameBytes(name, 8, wanted, 8, 16) &&
    (sameBytes(name, 24, wanted, 24, 4) || isZero(name, 24, 4) || isZero(wanted, 24, 4));
}

function isZero(bytes: Uint8Array, at: number, count: number): boolean {
  for (let i = 0; i < count; i++) if ((bytes[at + i] ?? 0) !== 0) return false;
  return true;
}

function unixMatcher(wanted: Uint8Array): SockaddrMatcher {
  const length = unixLength(wanted, wanted.length);
  return (name, nameLength) =>
    familyOf(name) === AF_UNIX && unixLength(name, nameLength) === length &&
    sameBytes(name, 2, wanted, 2, length - 2);
}

/** Length without the NUL and the padding after a path (unix(7): the kernel counts one NUL). */
function unixLength(name: Uint8Array, length: number): number {
  if (length <= 2) return 2;
  if (name[2] === 0) return length;
  for (let i = 3; i < length; i++) if (name[i] === 0) return i;
  return length;
}
