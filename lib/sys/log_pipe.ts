/**
 * A named pipe as a log: written to without ever waiting for its reader.
 * @module
 */

import { NetError, systemCode, toNetError } from "../core/error.ts";
import type { AppendedFile } from "../core/host.ts";

const encoder = new TextEncoder();

/** PIPE_BUF of Linux: what is not longer is taken as a whole, or not at all (pipe(7)). */
const pipeBytes = 4_096;

/** True for a named pipe, links followed; false where nothing is there, or nothing for us. */
export function isNamedPipe(path: string): boolean {
  try {
    return Deno.statSync(path).isFifo === true;
  } catch {
    return false; // opening says why
  }
}

/**
 * Opens a named pipe that somebody reads. The runtime's own way to open it would wait for a reader,
 * and its way to write for room, and with either all of the program.
 *
 * @throws {NetError} code ENXIO where nobody reads it, and what the system says else
 */
export function appendToPipe(path: string): AppendedFile {
  // Loaded at need and at once: an import would cost each start, and import() would have to wait.
  const { closeSync, constants, openSync, writeSync } = globalThis.process.getBuiltinModule(
    "node:fs",
  );
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (thrown) {
    throw systemCode(thrown) === "ENXIO" ? unread(path, thrown) : toNetError(thrown, "open", path);
  }
  /** Of a longer text: what is still to go. */
  let rest = new Uint8Array();
  /** So much of it as is taken now. A whole PIPE_BUF or less: the runtime tells no part of more. */
  const push = (bytes: Uint8Array): number => {
    if (fd === undefined) throw toNetError(new TypeError("written after close"), "write", path);
    try {
      return writeSync(fd, bytes.subarray(0, pipeBytes));
    } catch (thrown) {
      if (systemCode(thrown) === "EAGAIN") return 0;
      throw toNetError(thrown, "write", path);
    }
  };
  const pushRest = (): boolean => {
    while (rest.length > 0) {
      const sent = push(rest);
      if (sent === 0) return false;
      rest = rest.subarray(sent);
    }
    return true;
  };
  return {
    write(text) {
      if (!pushRest()) return false;
      const bytes = encoder.encode(text);
      const sent = push(bytes);
      if (sent === 0) return false;
      rest = bytes.subarray(sent);
      pushRest();
      return true;
    },
    close() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

function unread(path: string, cause: unknown): NetError {
  return new NetError({
    kind: "unavailable",
    op: "open",
    address: path,
    message: "nobody reads this named pipe",
    code: "ENXIO",
    hint: "start its reader first",
    cause,
  });
}
