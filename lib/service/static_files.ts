/**
 * Files below a root folder, and nothing else of the machine.
 * @module
 */

import { constants, type FileHandle, lstat, open, realpath } from "node:fs/promises";
import { isHidden } from "./http_target.ts";

/** A file that is open for reading. The caller closes the handle. */
export interface OpenFile {
  readonly kind: "file";
  readonly handle: FileHandle;
  /** Bytes, when it was opened. */
  readonly size: number;
  /** When its content was last changed, ns since 1970. */
  readonly modifiedNs: bigint;
  readonly inode: bigint;
}

/** What names below the root stand for; anything that must not be seen is "nothing". */
export type Found = OpenFile | { readonly kind: "folder" } | { readonly kind: "nothing" };

const nothing: Found = { kind: "nothing" };

/** Errors of the system that mean: there is no file for you here. */
const absences: ReadonlySet<unknown> = new Set([
  "EACCES",
  "EISDIR",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOENT",
  "ENOTDIR",
  "ENXIO",
  "EPERM",
]);

/**
 * Neither a FIFO nor a device may hold up the opening (O_NONBLOCK); a link that was put where a file
 * was a moment ago is not followed (O_NOFOLLOW).
 */
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * Opens what names stand for. Links are followed as long as they stay within the root, and lead to
 * nothing hidden.
 *
 * Looking and opening are two calls, so what was opened is looked at again: the path must still lead
 * to itself, and to the very file that is open. Who swaps a folder for a link in between gets
 * nothing.
 *
 * @param root a real path, without a slash at its end
 * @param names as `namesOf` gives them: no dots, no slashes
 */
export async function findBelow(root: string, names: readonly string[]): Promise<Found> {
  try {
    const path = await realpath([root, ...names].join("/"));
    if (!isBelow(root, path)) return nothing;
    const before = await lstat(path);
    if (before.isDirectory()) return { kind: "folder" };
    // A device may do things when it is opened.
    if (!before.isFile()) return nothing;
    return await openFile(path);
  } catch (thrown) {
    if (absences.has((thrown as { code?: unknown }).code)) return nothing;
    throw thrown;
  }
}

async function openFile(path: string): Promise<Found> {
  const handle = await open(path, flags);
  try {
    const opened = await handle.stat({ bigint: true });
    const after = await lstat(path, { bigint: true });
    const isSame = opened.ino === after.ino && opened.dev === after.dev;
    if (!opened.isFile() || !isSame || await realpath(path) !== path) {
      await handle.close();
      return nothing;
    }
    const { size, mtimeNs, ino } = opened;
    return { kind: "file", handle, size: Number(size), modifiedNs: mtimeNs, inode: ino };
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

function isBelow(root: string, path: string): boolean {
  if (path === root) return true;
  const prefix = root === "/" ? "/" : `${root}/`;
  return path.startsWith(prefix) && !path.slice(prefix.length).split("/").some(isHidden);
}
