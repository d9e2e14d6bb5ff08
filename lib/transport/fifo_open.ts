/**
 * Opening a named pipe, and waiting for who opens its other end.
 * @module
 */

import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { NetError, toNetError } from "../core/error.ts";
import { O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR, O_WRONLY } from "../sys/constants.ts";
import { closeDescriptor, openDescriptor } from "../sys/file.ts";

/** Which end of a pipe. */
export type FifoEnd = "read" | "write";

/** How a named pipe is opened. */
export interface FifoOpening {
  readonly path: string;
  /** The endpoint in the address language, for errors. */
  readonly text: string;
  readonly end: FifoEnd;
  /** Both ends are held, so that there is no end of input and no broken pipe between peers. */
  readonly keep: boolean;
  /** Waits until the other end is open. */
  readonly wait: boolean;
}

/**
 * Opens a named pipe.
 *
 * @returns a non-blocking descriptor that the caller owns
 * @throws {NetError} kind "unavailable" (ENXIO) for a writer that does not wait while nobody reads;
 * the signal's reason, with nothing left behind
 */
export async function openFifo(opening: FifoOpening, context: Context): Promise<number> {
  const { path, text, end, keep, wait } = opening;
  context.signal.throwIfAborted();
  if ((await Deno.stat(path).catch((thrown) => openError(thrown, text))).isFifo !== true) {
    const message = "this is no named pipe";
    throw new NetError({ kind: "unavailable", op: "open", address: text, message });
  }
  // Held by a descriptor that opens nothing, so that all that follows means the same pipe, also if
  // its path is removed meanwhile.
  const held = openDescriptor(path, O_PATH, text);
  const same = `/proc/self/fd/${held}`;
  let other: Disposable | undefined;
  try {
    if (wait && !keep) other = await waitForOther(same, end, context, text);
    const access = keep ? O_RDWR : end === "read" ? O_RDONLY : O_WRONLY;
    return openDescriptor(same, access | O_NONBLOCK, text);
  } catch (thrown) {
    throw thrown instanceof NetError && thrown.code === "ENXIO" ? nobodyReads(text) : thrown;
  } finally {
    other?.[Symbol.dispose]();
    closeDescriptor(held);
  }
}

/**
 * Opens one end as open(2) does: until the other end is open it waits, in a thread. Opening that
 * other end ourselves is what ends the wait early. (Asking again and again would need no thread,
 * but would miss a writer that comes and goes between two looks.)
 */
async function waitForOther(
  path: string,
  end: FifoEnd,
  context: Context,
  text: string,
): Promise<Disposable> {
  const { signal } = context;
  const opening = Deno.open(path, end === "read" ? { read: true } : { write: true });
  const wake = () => {
    try {
      const other = end === "read" ? O_WRONLY : O_RDONLY;
      closeDescriptor(openDescriptor(path, other | O_NONBLOCK, text));
    } catch {
      // ENXIO: the thread has not begun to wait, or waits no more; the next try finds it.
    }
  };
  let over = false;
  const onAbort = async () => {
    for (wake(); !over; wake()) await sleep(context.clock, 5);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const file = await opening;
    if (!signal.aborted) return file;
    file.close();
    throw signal.reason;
  } finally {
    over = true;
    signal.removeEventListener("abort", onAbort);
  }
}

function openError(thrown: unknown, text: string): never {
  const { kind, reason, code } = toNetError(thrown, "open", text);
  throw new NetError({
    kind,
    op: "open",
    address: text,
    message: reason,
    ...(code === undefined ? {} : { code }),
    ...(kind === "not-found" ? { hint: "?create makes it" } : {}),
    cause: thrown,
  });
}

function nobodyReads(address: string): NetError {
  const message = "nobody reads from it";
  const hint = "?wait waits for a reader";
  return new NetError({ kind: "unavailable", op: "open", address, message, code: "ENXIO", hint });
}
