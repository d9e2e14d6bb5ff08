/**
 * Files below a root folder, and nothing else of the machine.
 * @module
 */

import { constants, type FileHandle, open, readlink, realpath, stat } from "node:fs/promises";
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
const folder: Found = { kind: "folder" };

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

/** Neither a FIFO nor a terminal that is put there at the wrong moment holds anybody up. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Opens what names stand for. Links are followed as long as they stay within the root, and lead to
 * nothing hidden.
 *
 * Where a file lies is asked of the open file and not of its name: whatever is looked up before or
 * after opening, by however many calls, may have been another file when it was opened.
 *
 * @param root a real path, without a slash at its end
 * @param names as `namesOf` gives them: no dots, no slashes
 */
export async function findBelow(root: string, names: readonly string[]): Promise<Found> {
  const path = [root, ...names].join("/");
  try {
    const before = await stat(path);
    if (before.isDirectory()) return isShown(root, await realpath(path)) ? folder : nothing;
    // A device may do things when it is opened.
    return before.isFile() ? await openBelow(root, path) : nothing;
  } catch (thrown) {
    if (absences.has((thrown as { code?: unknown }).code)) return nothing;
    throw thrown;
  }
}

async function openBelow(root: string, path: string): Promise<Found> {
  const handle = await open(path, flags);
  let isGiven = false;
  try {
    const opened = await handle.stat({ bigint: true });
    // The kernel's own word for the open file (proc_pid_fd(5)). Without /proc nothing is served.
    const real = await readlink(`/proc/self/fd/${handle.fd}`);
    if (!opened.isFile() || !isShown(root, real)) return nothing;
    isGiven = true;
    const { size, mtimeNs, ino } = opened;
    return { kind: "file", handle, size: Number(size), modifiedNs: mtimeNs, inode: ino };
  } finally {
    if (!isGiven) await handle.close();
  }
}

/** True for a real path that is the root, or below it without a hidden name. */
function isShown(root: string, path: string): boolean {
  if (path === root) return true;
  const prefix = root === "/" ? "/" : `${root}/`;
  return path.startsWith(prefix) && !path.slice(prefix.length).split("/").some(isHidden);
}
