/**
 * Taking turns in a folder with other plumbs, without leaving a file there.
 * @module
 */

import { sleep } from "../core/clock.ts";
import type { Context } from "../core/context.ts";

/** Turns take milliseconds; whoever holds the folder for longer is not taking one. */
const patienceMs = 1_000;

/**
 * Waits for an exclusive lock on a folder (flock(2)). Two servers that both found the same stale
 * socket must not replace it at once: the second would take the first one's live one for it.
 *
 * Where there is no turn to be had, because the folder cannot be read or because a stranger holds
 * it, the caller goes on without: it then relies on looking twice, and a stranger in /tmp cannot
 * keep servers from starting.
 *
 * @throws the signal's reason
 */
export async function folderTurn(folder: string, context: Context): Promise<Disposable> {
  const nothing = { [Symbol.dispose]: () => {} };
  let file: Deno.FsFile;
  try {
    file = await Deno.open(folder);
  } catch {
    return nothing;
  }
  try {
    const untilMs = context.clock.now() + patienceMs;
    while (!await file.tryLock(true) && context.clock.now() < untilMs) {
      await sleep(context.clock, 2, context.signal);
    }
    return file; // closing it gives the lock back
  } catch (thrown) {
    file.close();
    throw thrown;
  }
}
