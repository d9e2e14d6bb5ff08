/**
 * setsockopt(2) and getsockopt(2) on any descriptor, by number. Names and meanings are in
 * `socket_options.ts`.
 * @module
 */

import { errno, libc } from "./libc.ts";
import { errnoError } from "./errno.ts";

/** Longest value that is read: TCP_INFO (some 250 bytes) and names fit well. */
const longestValue = 1024;
const value = new Uint8Array(longestValue);
const length = new Uint32Array(1);
const view = new DataView(value.buffer);
const integer = new Int32Array(value.buffer, 0, 1);
// As in socket_name.ts: pointers made once to buffers that live as long as the module.
let valuePointer: Deno.PointerValue = null;
let lengthPointer: Deno.PointerValue = null;

/** Reads into `value`. @returns the length, or the error number below zero */
function read(fd: number, level: number, name: number, size: number): number {
  const calls = libc();
  valuePointer ??= Deno.UnsafePointer.of(value);
  lengthPointer ??= Deno.UnsafePointer.of(length);
  length[0] = size;
  const status = calls.getsockopt(fd, level, name, valuePointer, lengthPointer);
  return status < 0 ? -errno() : Math.min(length[0], size);
}

/**
 * Sets a socket option.
 *
 * @param level SOL_SOCKET, IPPROTO_TCP ... @param name the option's number
 * @param given a number (an `int`) or the bytes of the option's own structure
 * @throws {NetError} with the system's code; kind "unavailable" without FFI permission
 */
export function setOption(
  fd: number,
  level: number,
  name: number,
  given: number | Uint8Array,
): void {
  const bytes = typeof given === "number"
    ? new Uint8Array(Int32Array.of(given).buffer)
    : new Uint8Array(given);
  if (libc().setsockopt(fd, level, name, bytes, bytes.length) < 0) throw errnoError("setsockopt");
}

/**
 * Reads a socket option as bytes, in a buffer of the caller's own.
 *
 * @param size the most bytes that are wanted, 1024 at most
 * @throws {NetError} with the system's code; kind "unavailable" without FFI permission
 */
export function getOption(fd: number, level: number, name: number, size = 4): Uint8Array {
  const result = read(fd, level, name, Math.min(size, longestValue));
  if (result < 0) throw errnoError("getsockopt", -result);
  return value.slice(0, result);
}

/**
 * Reads an option into a view that the next call overwrites, for whoever asks thousands of
 * descriptors. @returns null where the system refused, for whatever reason
 */
export function peekOption(fd: number, level: number, name: number, size: number): DataView | null {
  return read(fd, level, name, size) < 0 ? null : view;
}

/** Reads an option that is an `int`. @throws {NetError} as `getOption` */
export function getIntegerOption(fd: number, level: number, name: number): number {
  const result = read(fd, level, name, 4);
  if (result < 0) throw errnoError("getsockopt", -result);
  // A few options (IP_MULTICAST_TTL ...) answer one byte where they are asked for less than four.
  return result === 1 ? (value[0] ?? 0) : (integer[0] ?? 0);
}
