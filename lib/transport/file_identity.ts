/**
 * Telling whether a path still leads to the same file.
 * @module
 */

/** What tells one file from every other, also from one that got its inode number later. */
export interface FileIdentity {
  readonly device: number;
  readonly inode: number | null;
  /** Milliseconds since 1970; links and renames leave it alone, as they do not leave ctime. */
  readonly modifiedMs: number | null;
}

/** The identity of a file that was looked at with lstat. */
export function identify(info: Deno.FileInfo): FileIdentity {
  return { device: info.dev, inode: info.ino, modifiedMs: info.mtime?.getTime() ?? null };
}

/** True for the same file. */
export function isSame(a: FileIdentity, b: FileIdentity): boolean {
  return a.device === b.device && a.inode === b.inode && a.modifiedMs === b.modifiedMs;
}
