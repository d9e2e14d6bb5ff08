/**
 * Opening a named pipe, and waiting for who opens its other end.
 * @module
 */

import { onAbort } from "../core/abort.ts";
import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { NetError, toNetError } from "../core/error.ts";
import { O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR, O_WRONLY } from "../sys/constants.ts";
import { closeDescriptor, isPermitted, openDescriptor } from "../sys/file.ts";
import { forgetReadiness, whenReady } from "../sys/readiness.ts";

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
  /** Asked now and then while waiting for a writer: true where one has come and gone already. */
  arrived?(): boolean;
}

/** Looks what is at a path. @throws {NetError} unless it is a named pipe */
export async function checkFifo(path: string, text: string): Promise<void> {
  const { isFifo } = await Deno.stat(path).catch((thrown) => openError(thrown, text));
  if (isFifo === true) return;
  const message = "this is no named pipe";
  throw new NetError({ kind: "unavailable", op: "open", address: text, message });
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
  await checkFifo(path, text);
  context.signal.throwIfAborted(); // or what waits below would never hear of it
  // Held by a descriptor that opens nothing, so that all that follows means the same pipe, also if
  // its path is removed meanwhile.
  const held = openDescriptor(path, O_PATH, text);
  const same = `/proc/self/fd/${held}`;
  let other: Disposable | undefined;
  try {
    if (wait && !keep) {
      // What waits in open(2) is woken by who opens the other end, which not everybody may.
      const canWake = isPermitted(same, end === "read" ? "write" : "read");
      if (!canWake) return await openByLooking(same, opening, context);
      other = await waitForOther(same, opening, context);
    }
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
  { end, text, arrived }: FifoOpening,
  { signal, clock }: Context,
): Promise<Disposable> {
  const opening = Deno.open(path, end === "read" ? { read: true } : { write: true });
  const wake = () => {
    try {
      const other = end === "read" ? O_WRONLY : O_RDONLY;
      closeDescriptor(openDescriptor(path, other | O_NONBLOCK, text));
    } catch {
      // ENXIO: the thread has not begun to wait, or waits no more; the next try finds it.
    }
  };
  const stop = new AbortController();
  const pause = (delayMs: number) => sleep(clock, delayMs, stop.signal).catch(() => {});
  const wakeUntilOpen = async () => {
    for (; !stop.signal.aborted; await pause(5)) wake();
  };
  const look = async () => {
    for (let delayMs = 1; !stop.signal.aborted; delayMs = Math.min(2 * delayMs, 100)) {
      if (arrived?.() === true) wake();
      await pause(delayMs);
    }
  };
  signal.addEventListener("abort", wakeUntilOpen, { once: true });
  if (arrived !== undefined) look();
  try {
    const file = await opening.catch((thrown) => openError(thrown, text));
    if (!signal.aborted) return file;
    file.close();
    throw signal.reason;
  } finally {
    stop.abort();
    signal.removeEventListener("abort", wakeUntilOpen);
  }
}

/** The pause between two looks for a reader, ms. */
const lookMs = 20;

/**
 * Opens one end once the other is open, without a thread that waits. A writer is seen once it has
 * written, or has gone; a reader that comes and goes between two looks is missed.
 */
async function openByLooking(
  path: string,
  { end, text }: FifoOpening,
  { signal, clock }: Context,
): Promise<number> {
  const flags = O_NONBLOCK | (end === "read" ? O_RDONLY : O_WRONLY);
  for (;; await sleep(clock, lookMs, signal)) {
    let fd: number;
    try {
      fd = openDescriptor(path, flags, text);
    } catch (thrown) {
      if (thrown instanceof NetError && thrown.code === "ENXIO") continue;
      throw thrown;
    }
    if (end === "read") await arrival(fd, signal);
    return fd;
  }
}

/** Waits until something can be read. @throws the signal's reason, and closes it then */
async function arrival(fd: number, signal: AbortSignal): Promise<void> {
  const forget = onAbort(signal, () => forgetReadiness(fd));
  try {
    await whenReady(fd, "read");
  } catch (thrown) {
    closeDescriptor(fd);
    throw signal.aborted ? signal.reason : thrown;
  } finally {
    forget();
  }
  forgetReadiness(fd); // whoever has the descriptor next waits for it in another way
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
