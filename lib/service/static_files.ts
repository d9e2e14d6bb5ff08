/**
 * Files below a root folder, and nothing else of the machine.
 *
 * What is small is asked of the system at once, as nginx does: an answer from the kernel's caches
 * takes a few microseconds, and handing the question to a thread takes ten times that, six times
 * for each request. Only the content of larger files is waited for.
 * @module
 */

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  read,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { promisify } from "node:util";
import { isHidden } from "./http_target.ts";

const readLater = promisify(read);

/** A file that is open for reading. Whoever is given it closes it. */
export class OpenFile {
  readonly kind = "file";
  readonly #fd: number;
  #isClosed = false;
  #isReading = false;
  /** Bytes, when it was opened. */
  readonly size: number;
  /** When its content was last changed, ns since 1970. */
  readonly modifiedNs: bigint;
  readonly inode: bigint;

  /** Owns the descriptor. */
  constructor(fd: number, facts: { readonly size: bigint; mtimeNs: bigint; ino: bigint }) {
    this.#fd = fd;
    this.size = Number(facts.size);
    this.modifiedNs = facts.mtimeNs;
    this.inode = facts.ino;
  }

  /** Reads what is small, at once. @returns how many bytes; 0 at the end of the file */
  readNow(into: Uint8Array, position: number): number {
    return readSync(this.#fd, into, 0, into.length, position);
  }

  /** Reads while others have their turn, once at a time. @returns how many bytes; 0 at the end */
  async read(into: Uint8Array, position: number): Promise<number> {
    this.#isReading = true;
    try {
      return (await readLater(this.#fd, into, 0, into.length, position)).bytesRead;
    } finally {
      this.#isReading = false;
      if (this.#isClosed) closeSync(this.#fd);
    }
  }

  /** A read that is under way ends first: its number would be another file's. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isReading) closeSync(this.#fd);
  }
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
export function findBelow(root: string, names: readonly string[]): Found {
  const path = [root, ...names].join("/");
  try {
    const before = statSync(path);
    if (before.isDirectory()) return isShown(root, realpathSync(path)) ? folder : nothing;
    // A device may do things when it is opened.
    return before.isFile() ? openBelow(root, path) : nothing;
  } catch (thrown) {
    if (absences.has((thrown as { code?: unknown }).code)) return nothing;
    throw thrown;
  }
}

function openBelow(root: string, path: string): Found {
  const fd = openSync(path, flags);
  let isGiven = false;
  try {
    const opened = fstatSync(fd, { bigint: true });
    // The kernel's own word for the open file (proc_pid_fd(5)). Without /proc nothing is served.
    const real = readlinkSync(`/proc/self/fd/${fd}`);
    if (!opened.isFile() || !isShown(root, real)) return nothing;
    isGiven = true;
    return new OpenFile(fd, opened);
  } finally {
    if (!isGiven) closeSync(fd);
  }
}

/** True for a real path that is the root, or below it without a hidden name. */
function isShown(root: string, path: string): boolean {
  if (path === root) return true;
  const prefix = root === "/" ? "/" : `${root}/`;
  return path.startsWith(prefix) && !path.slice(prefix.length).split("/").some(isHidden);
}
