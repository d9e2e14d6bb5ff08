/**
 * Making a file with an exact mode: bind(2) of a Unix socket takes no mode, and a chmod after it
 * leaves a moment in which the file is wider.
 * @module
 */

import { toNetError } from "../core/error.ts";

/**
 * Runs `then` under another umask and puts the old one back. Synchronous on purpose: the umask is
 * the whole process's, and every other task would make its files with it during an await.
 * (`Deno.listen` binds before it returns.) Files that other threads make at this very moment do
 * get it, as the kernel has no umask of a thread.
 *
 * @param mask permission bits to take away: 0o177 leaves 0600
 * @throws what `then` throws; {NetError} without the permission `--allow-sys=umask`
 */
export function withUmask<T>(mask: number, then: () => T): T {
  const before = setUmask(mask & 0o777);
  try {
    return then();
  } finally {
    setUmask(before);
  }
}

function setUmask(mask: number): number {
  try {
    return Deno.umask(mask);
  } catch (thrown) {
    throw toNetError(thrown, "umask");
  }
}
