/**
 * Error numbers of Linux (asm-generic/errno.h) by name. x86-64 and arm64 have the same ones.
 * @module
 */

import { describeCode, NetError, toNetError } from "../core/error.ts";
import { errno } from "./libc.ts";

/** Name and words; words that `core/error.ts` has are taken from there. */
const table: Readonly<Record<number, readonly [name: string, words: string]>> = {
  1: ["EPERM", "operation not permitted"],
  2: ["ENOENT", "no such file or directory"],
  4: ["EINTR", "interrupted"],
  5: ["EIO", "input or output error"],
  6: ["ENXIO", "no such device or address"],
  9: ["EBADF", "bad descriptor"],
  11: ["EAGAIN", "try again"],
  12: ["ENOMEM", "out of memory"],
  13: ["EACCES", "permission denied"],
  14: ["EFAULT", "bad address in memory"],
  16: ["EBUSY", "busy"],
  17: ["EEXIST", "exists already"],
  19: ["ENODEV", "no such device"],
  20: ["ENOTDIR", "not a directory"],
  21: ["EISDIR", "is a directory"],
  22: ["EINVAL", "invalid argument"],
  23: ["ENFILE", "too many open files in the system"],
  24: ["EMFILE", "too many open files"],
  25: ["ENOTTY", "not possible on this descriptor"],
  28: ["ENOSPC", "no space left on device"],
  30: ["EROFS", "read-only file system"],
  32: ["EPIPE", "broken pipe"],
  33: ["EDOM", "argument out of domain"],
  34: ["ERANGE", "out of range"],
  36: ["ENAMETOOLONG", "file name too long"],
  38: ["ENOSYS", "not in this kernel"],
  40: ["ELOOP", "too many symbolic links"],
  61: ["ENODATA", "no data"],
  64: ["ENONET", "machine is not on the network"],
  71: ["EPROTO", "protocol error"],
  75: ["EOVERFLOW", "value too large"],
  88: ["ENOTSOCK", "not a socket"],
  89: ["EDESTADDRREQ", "destination address required"],
  90: ["EMSGSIZE", "message too long"],
  91: ["EPROTOTYPE", "wrong socket type for this path"],
  92: ["ENOPROTOOPT", "no such option on this socket"],
  93: ["EPROTONOSUPPORT", "protocol not supported"],
  94: ["ESOCKTNOSUPPORT", "socket type not supported"],
  95: ["EOPNOTSUPP", "not supported on this socket"],
  97: ["EAFNOSUPPORT", "address family not supported"],
  98: ["EADDRINUSE", "address in use"],
  99: ["EADDRNOTAVAIL", "address not available on this machine"],
  100: ["ENETDOWN", "network is down"],
  101: ["ENETUNREACH", "network is unreachable"],
  102: ["ENETRESET", "network dropped the connection"],
  103: ["ECONNABORTED", "connection aborted"],
  104: ["ECONNRESET", "connection reset by peer"],
  105: ["ENOBUFS", "no buffer space"],
  106: ["EISCONN", "already connected"],
  107: ["ENOTCONN", "not connected"],
  110: ["ETIMEDOUT", "connection timed out"],
  111: ["ECONNREFUSED", "connection refused"],
  112: ["EHOSTDOWN", "host is down"],
  113: ["EHOSTUNREACH", "no route to host"],
  114: ["EALREADY", "already under way"],
  115: ["EINPROGRESS", "under way"],
  125: ["ECANCELED", "cancelled"],
};

const numbers: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(table).map(([number, [name]]) => [name, Number(number)]),
);

/** A signal came; the call is to be made again. */
export const EINTR = 4;
/** The call would have to wait. */
export const EAGAIN = 11;
/** The socket is connected already. */
export const EISCONN = 106;
/** The socket has no peer. */
export const ENOTCONN = 107;
/** Nobody listens there. */
export const ECONNREFUSED = 111;
/** An earlier connect is not over yet. */
export const EALREADY = 114;
/** The connect goes on in the background. */
export const EINPROGRESS = 115;

/** `ECONNREFUSED` for 111; `E` and the number where the table has none. */
export function errnoName(number: number): string {
  return table[number]?.[0] ?? `E${number}`;
}

/** 111 for `ECONNREFUSED`, or undefined. */
export function errnoNumber(name: string): number | undefined {
  return Object.hasOwn(numbers, name) ? numbers[name] : undefined;
}

/**
 * The failure that an error number stands for.
 *
 * @param number an error number; without it, that of the last call that failed
 */
export function errnoError(op: string, number: number = errno(), address?: string): NetError {
  const code = errnoName(number);
  const words = table[number]?.[1] ?? `system error ${number}`;
  if (describeCode(code).message !== code) {
    // core knows kind and blame of this one
    return toNetError(Object.assign(new Error(words), { code }), op, address);
  }
  const kind = "unexpected";
  return new NetError({ kind, op, message: words, code, ...(address && { address }) });
}
