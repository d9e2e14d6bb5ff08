/**
 * Reaping orphans where this process is the first of a container.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { NetError } from "../core/error.ts";
import type { Host } from "../core/host.ts";
import type { Reaper } from "../sys/reap.ts";

/** Long enough for the runtime to have taken the status of its own children (see sys/reap.ts). */
const everyMs = 500;

/** Reaps orphans until it is disposed; does nothing but in process 1. */
export function reapOrphans(host: Host, { clock, log }: Context): Disposable {
  let timer: Timer | undefined;
  let isOver = false;
  const begin = async () => {
    const { Reaper } = await import("../sys/reap.ts");
    const reaper = new Reaper(host.pid);
    const look = () => {
      if (isOver) return;
      for (const pid of reapedBy(reaper)) {
        log.write("debug", "orphan", `reaped process ${pid}, whose parent had ended`, { pid });
      }
      timer = clock.timer(everyMs, look);
    };
    look();
  };
  if (host.pid === 1) void begin();
  return {
    [Symbol.dispose]() {
      isOver = true;
      timer?.cancel();
    },
  };
}

/**
 * None where there is no descriptor left to look with: a server that is out of them has other
 * cares, and what is thrown from a timer would end it.
 */
function reapedBy(reaper: Reaper): readonly number[] {
  try {
    return reaper.look();
  } catch (thrown) {
    if (thrown instanceof NetError && thrown.kind === "exhausted") return [];
    throw thrown;
  }
}
