/**
 * Files by descriptor: what the runtime's API cannot open (without waiting, by an inherited
 * number) or make (named pipes).
 * @module
 */

import { toNetError } from "../core/error.ts";
import { F_GETFD, F_GETFL, FD_CLOEXEC, O_CLOEXEC } from "./constants.ts";
import { EAGAIN, EINTR, errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { isUnreadable, readSystemText } from "./procfs.ts";

const encoder = new TextEncoder();

/** What paths of this module end with, as C has it. */
function pathBytes(path: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${path}\0`);
}

/**
 * Opens a file (open(2)); closed on exec.
 *
 * @param flags O_RDONLY and so on; without O_NONBLOCK a named pipe stops the whole runtime
 * @param text the endpoint in the address language, for errors
 * @returns a descriptor that the caller owns
 * @throws {NetError} with the system's code; kind "unavailable" without FFI permission
 */
export function openDescriptor(path: string, flags: number, text: string): number {
  const calls = libc();
  for (;;) {
    const fd = calls.open(pathBytes(path), flags | O_CLOEXEC);
    if (fd >= 0) return fd;
    const number = errno();
    if (number !== EINTR) throw errnoError("open", number, text);
  }
}

/**
 * Reads what is there (read(2)).
 *
 * @param fd non-blocking
 * @returns how many bytes, null at the end, "again" where nothing is there yet
 * @throws {NetError} with the system's code
 */
export function readDescriptor(
  fd: number,
  into: Uint8Array,
  text: string,
): number | null | "again" {
  const calls = libc();
  for (;;) {
    const count = calls.read(fd, into as Uint8Array<ArrayBuffer>, into.length);
    if (count >= 0) return count === 0 ? null : count;
    const number = errno();
    if (number === EAGAIN) return "again";
    if (number !== EINTR) throw errnoError("read", number, text);
  }
}

/** What `isPermitted` asks for (unistd.h). */
const accessBits = { read: 4, write: 2 } as const;

/** True where this process may open a path so (access(2)); nothing is opened. */
export function isPermitted(path: string, how: keyof typeof accessBits): boolean {
  return libc().eaccess(pathBytes(path), accessBits[how]) === 0;
}

/** Closes a descriptor that has no other owner. Never throws where `openDescriptor` worked. */
export function closeDescriptor(fd: number): void {
  libc().close(fd);
}

/**
 * Makes a named pipe (mkfifo(3)); the umask is taken from the mode.
 *
 * @throws {NetError} code EEXIST where something is there already
 */
export function makeFifo(path: string, mode: number, text: string): void {
  if (libc().mkfifo(pathBytes(path), mode) < 0) throw errnoError("make", errno(), text);
}

/** Inode of what a path leads to, links not followed; null where it leads to nothing for us. */
export function fileInode(path: string): number | null {
  try {
    return Deno.lstatSync(path).ino;
  } catch (thrown) {
    if (isUnreadable(thrown)) return null;
    throw toNetError(thrown, "look at", path);
  }
}

/** What is known of a descriptor by number. */
export interface DescriptorState {
  /** O_RDONLY, O_WRONLY, O_RDWR, O_APPEND ... (fcntl(2), F_GETFL). */
  readonly flags: number;
  /** False where it closes on exec: then this process has opened it, and nobody handed it over. */
  readonly inherited: boolean;
}

/** Looks at a descriptor. @throws {NetError} code EBADF where it is not open */
export function describeDescriptor(fd: number, text: string): DescriptorState {
  const calls = libc();
  const flags = calls.fcntl(fd, F_GETFL, 0);
  if (flags < 0) throw errnoError("open", errno(), text);
  const inherited = (calls.fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) === 0;
  return { flags, inherited };
}

/** Where the next byte of an open file is read or written (proc_pid_fdinfo(5)). */
export function descriptorPosition(fd: number): number {
  return Number(/^pos:\s*(\d+)/m.exec(readSystemText(`/proc/self/fdinfo/${fd}`) ?? "")?.[1] ?? 0);
}
