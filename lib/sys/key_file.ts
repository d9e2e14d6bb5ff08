/**
 * Key files: 32 bytes that two sides of a link share, readable by their owner alone.
 * @module
 */

import { NetError, toNetError } from "../core/error.ts";

/** Bytes of a key, and so of its file: no text, no newline. `head -c 32 /dev/urandom` makes one. */
export const keyFileBytes = 32;

/** What nobody but the owner may have: any bit of group and others. */
const looseBits = 0o077;

/**
 * Reads a key file. Mode and owner are those of what was opened, and not of the path, which may
 * lead elsewhere by then; so a symbolic link is as good as what it leads to.
 *
 * @returns its 32 bytes
 * @throws {NetError} kind "permission" (exit 5) where others can read it or own it, "usage" where
 * it is no key, and what the system says where it cannot be read
 */
export function readKeyFile(path: string): Uint8Array {
  try {
    // Opening a named pipe would wait for ever. A look at the path is good enough for that.
    if (!Deno.statSync(path).isFile) throw fault("usage", path, "not a file");
    using file = Deno.openSync(path);
    const info = file.statSync();
    checkOwner(path, info.uid);
    checkMode(path, info.mode);
    const key = new Uint8Array(keyFileBytes + 1);
    const size = readAll(file, key);
    if (size !== keyFileBytes) {
      const has = size > keyFileBytes ? `more than ${keyFileBytes}` : `${size}`;
      key.fill(0);
      const message = `a key is ${keyFileBytes} bytes, and the file has ${has}`;
      throw fault("usage", path, message, "plumb link keygen FILE makes one");
    }
    return key.subarray(0, keyFileBytes);
  } catch (thrown) {
    throw toNetError(thrown, "key file", path);
  }
}

/** Who owns the file decides what is in it. Root could read and change it in any case. */
function checkOwner(path: string, owner: number | null): void {
  const own = Deno.uid();
  if (owner === null || owner === own || owner === 0) return;
  throw fault("permission", path, `it belongs to user ${owner}, and this is ${own}`);
}

function checkMode(path: string, mode: number | null): void {
  if (mode === null || (mode & looseBits) === 0) return;
  const shown = (mode & 0o777).toString(8).padStart(4, "0");
  const message = `others can read or write it (mode ${shown})`;
  throw fault("permission", path, message, `chmod 600 ${path}`);
}

function readAll(file: Deno.FsFile, into: Uint8Array): number {
  let filled = 0;
  while (filled < into.length) {
    const n = file.readSync(into.subarray(filled));
    if (n === null) break;
    filled += n;
  }
  return filled;
}

/**
 * Makes a file with a new key, mode 0600, in a place where nothing is: no file is replaced, and no
 * link followed.
 *
 * @throws {NetError} kind "in-use" (exit 3) where something is there already, "permission" and
 * others
 */
export function createKeyFile(path: string): void {
  const key = crypto.getRandomValues(new Uint8Array(keyFileBytes));
  let file: Deno.FsFile;
  try {
    // O_CREAT with O_EXCL: open(2) neither follows a link nor opens what somebody put there.
    file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AlreadyExists) {
      throw fault("in-use", path, "there is a file already, and it is kept");
    }
    throw toNetError(thrown, "key file", path);
  }
  try {
    using open = file;
    open.writeSync(key);
    open.syncSync();
  } catch (thrown) {
    Deno.removeSync(path); // less than a key is of no use
    throw toNetError(thrown, "key file", path);
  } finally {
    key.fill(0);
  }
}

function fault(
  kind: "permission" | "usage" | "in-use",
  path: string,
  message: string,
  hint?: string,
): NetError {
  return new NetError({ kind, op: "key file", address: path, message, ...(hint ? { hint } : {}) });
}
