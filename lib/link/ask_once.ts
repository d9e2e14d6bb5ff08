/**
 * One question by a way to measure round trips, where `ping_run.ts` asks many.
 * @module
 */

import type { Context } from "../core/context.ts";
import { withSignal } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import type { MakeProber } from "./prober.ts";

/**
 * Asks once, and closes what the prober has opened.
 *
 * @returns the round trip in milliseconds
 * @throws {NetError} why there was no answer, kind "result" for one that was not what was sent; the
 * signal's reason
 */
export async function askOnce(make: MakeProber, { clock, signal }: Context): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let startMs = clock.now();
  await using prober = make({
    isWaiting: () => true,
    answered: () => resolve(clock.now() - startMs),
    failed: (_sequence, error) => reject(error),
    unreached: reject,
    differed: () => reject(differed()),
    ended: reject,
  });
  startMs = clock.now();
  prober.probe(1);
  return await withSignal(signal, promise);
}

function differed(): NetError {
  const message = "what came back is not what was sent";
  return new NetError({ kind: "result", op: "probe", message, blame: "remote" });
}
