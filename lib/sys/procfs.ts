/**
 * Bounded reads of /proc and /sys. Synchronous: the kernel answers from memory, and a file that is
 * read in one go is nearer to one moment than one that is read between other tasks.
 * @module
 */

import { NetError, toNetError } from "../core/error.ts";

/** /proc/net/tcp has 150 bytes a socket: 400,000 sockets, more than ports and limits allow. */
const defaultMaximumBytes = 64 * 1024 * 1024;

/**
 * True where a file is not there or not for us, as in a container that hides /proc, or for a
 * process that has ended meanwhile (ESRCH).
 */
export function isUnreadable(thrown: unknown): boolean {
  return thrown instanceof Deno.errors.NotCapable || thrown instanceof Deno.errors.NotFound ||
    thrown instanceof Deno.errors.PermissionDenied ||
    (thrown instanceof Error && /\(os error 3\)/.test(thrown.message));
}

/**
 * Reads a file of the kernel.
 *
 * @returns null where it is not there or may not be read
 * @throws {NetError} kind "limit" over `maximumBytes`, else what the system said
 */
export function readSystemText(path: string, maximumBytes = defaultMaximumBytes): string | null {
  try {
    using file = Deno.openSync(path);
    const chunks: string[] = [];
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(16 * 1024);
    let length = 0;
    for (;;) {
      const count = file.readSync(buffer);
      if (count === null) break;
      length += count;
      if (length > maximumBytes) {
        const message = `larger than ${maximumBytes} bytes`;
        throw new NetError({ kind: "limit", op: "read", address: path, message });
      }
      chunks.push(decoder.decode(buffer.subarray(0, count), { stream: true }));
    }
    return chunks.join("") + decoder.decode();
  } catch (thrown) {
    if (isUnreadable(thrown)) return null;
    throw toNetError(thrown, "read", path);
  }
}

/** Names in a directory, empty where it may not be read. @throws {NetError} for anything else */
export function listDirectory(path: string): readonly string[] {
  try {
    return [...Deno.readDirSync(path)].map((entry) => entry.name);
  } catch (thrown) {
    if (isUnreadable(thrown)) return [];
    throw toNetError(thrown, "read", path);
  }
}
