/**
 * One end of a pipe (pipe(7), fifo(7)) as half a session, by its descriptor.
 * @module
 */

import { toNetError } from "../core/error.ts";
import { O_NONBLOCK, O_WRONLY } from "../sys/constants.ts";
import { closeDescriptor, isPermitted, openDescriptor, readDescriptor } from "../sys/file.ts";
import { forgetReadiness, whenReady } from "../sys/readiness.ts";
import type { ByteSink, ByteSource } from "./halves.ts";
import { NodeSocket, type NodeSocketUse } from "./node_socket.ts";

/** The end that is read. */
export interface PipeSource {
  readonly source: ByteSource;
  /** Settles when the descriptor is closed. */
  readonly gone: Promise<void>;
}

/** The end that is written. */
export interface PipeSink {
  readonly sink: ByteSink;
  /** Settles when the descriptor is closed. */
  readonly gone: Promise<void>;
}

/**
 * Takes over the reading end.
 *
 * A reader that was opened when the last writer had gone already is never woken for the end: the
 * kernel reports POLLHUP only for writers that it has seen (fs/pipe.c, pipe_poll). So a writer is
 * shown to it, for a moment, once it is being watched; if others are there that changes nothing.
 * Who may read the pipe and not write it reads it by read(2), which tells the end to everybody.
 *
 * @param fd non-blocking; a writer was there, or is; owned from here on, whatever happens
 * @param text the endpoint in the address language, for errors
 */
export function pipeSource(fd: number, text: string): PipeSource {
  const path = `/proc/self/fd/${fd}`;
  if (!isPermitted(path, "write")) return readBySystemCalls(fd, text);
  const { source, gone } = nodeSocket(fd, { readable: true, writable: false }, text);
  try {
    closeDescriptor(openDescriptor(path, O_WRONLY | O_NONBLOCK, text));
  } catch (thrown) {
    source.close();
    throw thrown;
  }
  return { source, gone };
}

/** Takes over the writing end. Its parameters are those of `pipeSource`. */
export function pipeSink(fd: number, text: string): PipeSink {
  const { sink, gone } = nodeSocket(fd, { readable: false, writable: true }, text);
  return { sink, gone };
}

function nodeSocket(fd: number, use: NodeSocketUse, text: string): NodeSocket {
  try {
    return new NodeSocket(fd, use);
  } catch (thrown) {
    closeDescriptor(fd);
    throw toNetError(thrown, "open", text);
  }
}

/** Without `readable`: that the writer has gone is learnt by reading, and in no other way. */
function readBySystemCalls(fd: number, text: string): PipeSource {
  const gone = Promise.withResolvers<void>();
  let isClosed = false;
  const source: ByteSource = {
    async read(into) {
      while (!isClosed) {
        const count = readDescriptor(fd, into, text);
        if (count !== "again") return count;
        await whenReady(fd, "read"); // throws once it is closed
      }
      return null;
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      forgetReadiness(fd);
      closeDescriptor(fd);
      gone.resolve();
    },
  };
  return { source, gone: gone.promise };
}
