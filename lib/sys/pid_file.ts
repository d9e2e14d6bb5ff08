/**
 * The pid file of a server.
 * @module
 */

import type { Context } from "../core/context.ts";
import { NetError, quote, toNetError } from "../core/error.ts";
import { folderTurn } from "./folder_turn.ts";
import { isUnreadable, readSystemText } from "./procfs.ts";

/** A longer text is no process id. */
const longestText = 32;

/**
 * Writes the id of this process to a file, which is removed when the result is disposed.
 *
 * The file appears whole, and by link(2), which never replaces what another server has written
 * meanwhile. A leftover is replaced: one whose process has ended, or began after it was written
 * (its id was given to somebody else since), or had this very id (process 1 of a container that
 * was started anew at once). Servers take turns, or two that find the same leftover would both
 * replace it.
 *
 * @param except the process before this one, which hands its place over: its file is replaced
 * @throws {NetError} kind "in-use" where the file is a live process's, "usage" where it is no pid
 * file, "permission" and others; the signal's reason
 */
export async function takePidFile(
  path: string,
  pid: number,
  context: Context,
  except?: number,
): Promise<AsyncDisposable> {
  const folder = path.slice(0, path.lastIndexOf("/") + 1) || ".";
  try {
    using _turn = await folderTurn(folder, context);
    write(path, pid, except);
  } catch (thrown) {
    if (context.signal.aborted) throw thrown;
    throw toNetError(thrown, "pid file", path);
  }
  return {
    async [Symbol.asyncDispose]() {
      // Its end is not to be hurried by the signal that has brought it about.
      using _turn = await folderTurn(folder, { ...context, signal: new AbortController().signal });
      // Another one's by now, where a new process took this one's place over.
      if (readPid(path) === pid) removeIfThere(path);
    },
  };
}

function write(path: string, pid: number, except: number | undefined): void {
  // A name that cannot be known before, and no file that is there: in /tmp it might be a link.
  const own = `${path}.${crypto.randomUUID()}`;
  // Opened before anything may fail: on a full disk what was made is there, empty.
  using file = Deno.openSync(own, { write: true, createNew: true, mode: 0o644 });
  try {
    file.writeSync(new TextEncoder().encode(`${pid}\n`));
    place(own, path, [pid, except]);
  } finally {
    removeIfThere(own);
  }
}

/** @param replaced processes whose file this one replaces, alive or not */
function place(own: string, path: string, replaced: readonly (number | undefined)[]): void {
  for (let left = 8;; left--) {
    try {
      return Deno.linkSync(own, path);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.AlreadyExists) || left === 0) throw thrown;
    }
    const holder = readPid(path);
    if (holder === null) continue; // gone since
    if (Number.isNaN(holder)) {
      const message = "there is a file that is no pid file, and it is kept";
      throw new NetError({ kind: "usage", op: "pid file", address: path, message });
    }
    if (replaced.includes(holder)) return Deno.renameSync(own, path); // no moment without the file
    if (isLiveWriter(holder, path)) {
      const name = readSystemText(`/proc/${holder}/comm`)?.trimEnd() ?? "";
      const message = `${quote(name)}[${holder}] is alive`;
      throw new NetError({ kind: "in-use", op: "pid file", address: path, message });
    }
    removeIfThere(path);
  }
}

/** @returns null where there is no file, NaN where it holds no process id */
function readPid(path: string): number | null {
  // Opening a named pipe would wait, and all of the program with it.
  if (!isPlainOrGone(path)) return NaN;
  const text = readSystemText(path, longestText);
  if (text === null) return null;
  return /^[1-9]\d{0,9}\n?$/.test(text) ? Number(text) : NaN;
}

function isPlainOrGone(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (thrown) {
    if (isUnreadable(thrown)) return true;
    throw thrown;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

/** A process that began after the file was written did not write it. */
function isLiveWriter(pid: number, path: string): boolean {
  const startedMs = startOf(pid);
  if (startedMs === null) return false;
  const writtenMs = Deno.statSync(path).mtime?.getTime() ?? Infinity;
  // Boot time is told in seconds, and so is mtime by some file systems.
  return startedMs <= writtenMs + 2_000;
}

/** Clock ticks a second in /proc: USER_HZ, the same on every machine of this size. */
const ticksPerSecond = 100;

/**
 * When a process began, in milliseconds since 1970; null where it has ended. The times of its
 * folder in /proc are not that: they are those of the first look at it.
 */
function startOf(pid: number): number | null {
  const stat = readSystemText(`/proc/${pid}/stat`);
  const boot = /^btime (\d+)$/m.exec(readSystemText("/proc/stat") ?? "")?.[1];
  if (stat === null || boot === undefined) return null;
  // proc_pid_stat(5): field 3 follows the name, field 22 is starttime.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z") return null;
  return (Number(boot) + Number(fields[19]) / ticksPerSecond) * 1_000;
}
