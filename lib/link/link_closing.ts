/**
 * The orderly end of a link session: goodbye, and the time that it may take.
 * @module
 */

import type { Context } from "../core/context.ts";
import { TimerWheel } from "../core/wheel.ts";
import type { LinkCode } from "../wire/link_code.ts";
import { stalledError } from "./link_errors.ts";
import type { LinkRunner } from "./link_runner.ts";

/**
 * Says goodbye and waits for the end of the carrier: the peer acknowledges all that was written,
 * and says goodbye too. It may take as long as it moves; a peer that acknowledges nothing for the
 * limit `close-wait` has its carrier dropped.
 *
 * @param carrying settles when the carrier is over
 */
export async function closeInOrder(
  runner: LinkRunner,
  carrying: Promise<unknown>,
  { clock, limits }: Context,
  code: LinkCode = "done",
): Promise<void> {
  const waitMs = limits["close-wait"];
  const wheel = TimerWheel.of(clock);
  const { session } = runner;
  let acknowledged = -1;
  const look = () => {
    const { framesAcknowledged } = session.tally;
    if (framesAcknowledged === acknowledged) return runner.drop(stalledError(waitMs));
    acknowledged = framesAcknowledged;
    timer = wheel.timer(waitMs, look);
  };
  let timer = wheel.timer(waitMs, look);
  runner.goodbye(code, "");
  try {
    await carrying;
  } finally {
    timer.cancel();
  }
}
