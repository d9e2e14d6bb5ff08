/**
 * Says, once, that clients are lost because an accept queue is full, and what to raise.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Peer } from "../core/contract.ts";
import { NetError } from "../core/error.ts";
import { TimerWheel } from "../core/wheel.ts";
import { maximumBacklog } from "../sys/limits.ts";
import { acceptQueues, listenCounters } from "./machine_figures.ts";

/** Small enough to see a queue that is full for a while; a read of one file each time. */
const checkMs = 1_000;

/**
 * Watches the accept queues of TCP listeners until it is disposed, or has said its warning. The
 * kernel counts overflows for all listeners together, so the queue of one of these must be full too:
 * a burst that is over within a second may go unsaid, but nobody is blamed for another program.
 */
export function watchOverflow(listeners: readonly Peer[], context: Context): Disposable {
  const { clock, log } = context;
  const watched = listeners.filter(({ scheme, host }) => host !== undefined && scheme !== "udp");
  let timer: Timer | undefined;
  let before = watched.length > 0 ? listenCounters().listenOverflows : null;
  const check = () => {
    const now = overflows();
    if (now === null || before === null || now <= before) return arm();
    before = now;
    const full = acceptQueues(watched).find(({ length, limit }) => length >= limit);
    if (full === undefined) return arm();
    const { listener, limit } = full;
    const cause = limit >= (maximumBacklog() ?? Infinity)
      ? "raise net.core.somaxconn (sysctl), and then ?backlog="
      : "raise ?backlog=N of the address";
    const text = `${listener}: the accept queue (${limit}) overflowed, clients are lost; ${cause}`;
    log.write("warning", "overflow", text, { address: listener, limit, overflows: now });
  };
  const arm = () => {
    timer = TimerWheel.of(clock).timer(checkMs, check);
  };
  if (before !== null) arm();
  return { [Symbol.dispose]: () => timer?.cancel() };
}

/**
 * Null where there is no descriptor left to read it with: a server that is out of them has other
 * cares, and what is thrown from a timer would end it.
 */
function overflows(): number | null {
  try {
    return listenCounters().listenOverflows;
  } catch (thrown) {
    if (thrown instanceof NetError && thrown.kind === "exhausted") return null;
    throw thrown;
  }
}
