/**
 * Reaping orphans where this process is the first of a container.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { Host } from "../core/host.ts";

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
      for (const pid of reaper.look()) {
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
