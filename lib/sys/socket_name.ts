/**
 * getsockname(2) and getpeername(2) into one buffer of this module: the names of 20,000
 * descriptors are compared without an allocation.
 * @module
 */

import { errno, libc } from "./libc.ts";

/** sizeof(struct sockaddr_storage), the longest name of any family. */
const storage = new Uint8Array(128);
const length = new Uint32Array(1);
// Made once: a pointer object costs more than the call. The buffers live as long as the module,
// so that the pointers never dangle.
let storagePointer: Deno.PointerValue = null;
let lengthPointer: Deno.PointerValue = null;

/** Reads one name. @returns its length in `storage`, or the error number below zero */
function read(fd: number, end: "local" | "remote"): number {
  const calls = libc();
  storagePointer ??= Deno.UnsafePointer.of(storage);
  lengthPointer ??= Deno.UnsafePointer.of(length);
  length[0] = storage.length;
  const status = end === "local"
    ? calls.getsockname(fd, storagePointer, lengthPointer)
    : calls.getpeername(fd, storagePointer, lengthPointer);
  return status < 0 ? -errno() : Math.min(length[0], storage.length);
}

/**
 * The raw sockaddr of one end of a socket, as a view that the next call overwrites.
 *
 * @returns the bytes, or the error number (ENOTCONN where a socket has no peer, EBADF, ENOTSOCK)
 */
export function peekSocketName(fd: number, end: "local" | "remote"): Uint8Array | number {
  const result = read(fd, end);
  return result < 0 ? -result : storage.subarray(0, result);
}

/** The same for whoever only compares: what it is given is valid during the call. */
export function socketNameMatches(
  fd: number,
  end: "local" | "remote",
  matches: (name: Uint8Array, length: number) => boolean,
): boolean | number {
  const result = read(fd, end);
  return result < 0 ? -result : matches(storage, result);
}
