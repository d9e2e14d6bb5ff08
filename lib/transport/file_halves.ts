/**
 * Reading and writing files of the runtime.
 * @module
 */

import { NetError, toNetError } from "../core/error.ts";
import type { ByteSink, ByteSource } from "./halves.ts";
import { freshReads, ReadAhead } from "./read_ahead.ts";

/**
 * A read of a plain file never waits for long and goes straight into the caller's buffer. One of a
 * device (a terminal) may wait for ever, and cannot be taken back.
 */
export function fileSource(file: Deno.FsFile, regular: boolean): ByteSource {
  const close = closing(file);
  if (regular) return { read: (into) => file.read(into), close };
  const source = new ReadAhead(freshReads((into) => file.read(into))).session();
  return {
    ...source,
    close() {
      source.close();
      close();
    },
  };
}

/**
 * Writing to a file.
 *
 * @param address the endpoint in the address language, for errors
 * @param use `keepOpen` where the file is read too: then ending does not close it
 */
export function fileSink(
  file: Deno.FsFile,
  address: string,
  use: { readonly keepOpen?: boolean } = {},
): ByteSink {
  const close = closing(file);
  return {
    async write(chunk) {
      for (let from = 0; from < chunk.length;) {
        try {
          from += await file.write(chunk.subarray(from));
        } catch (thrown) {
          throw localWriteError(thrown, address);
        }
      }
    },
    // deno-lint-ignore require-await -- close(2) tells late errors, which must be a rejection
    async end() {
      if (use.keepOpen !== true) close();
    },
    close,
  };
}

/** A disk that is full or broken is a failure of this side: kind "local-write", exit status 4. */
function localWriteError(thrown: unknown, address: string): NetError {
  const { reason, code } = toNetError(thrown, "write");
  return new NetError({
    kind: "local-write",
    op: "write",
    address,
    message: reason,
    ...(code === undefined ? {} : { code }),
    cause: thrown,
  });
}

/** Both halves of one file may close it. */
const closed = new WeakSet<Deno.FsFile>();

function closing(file: Deno.FsFile): () => void {
  return () => {
    if (closed.has(file)) return;
    closed.add(file);
    file.close();
  };
}
