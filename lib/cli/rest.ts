/**
 * Gives memory back once a server has come to rest.
 *
 * Opening thousands of sessions makes more garbage than they hold, and V8 collects when it needs
 * room, not when there is time: an idle server kept twice what its sessions need (2,000 idle relays:
 * 13 to 18 KiB a side instead of less than 8), and one that had a flood of forged peers behind it
 * kept 230 MB of which 20 were in use. So it collects once when nothing has moved for a while. A
 * server that works is never stopped for it.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { TimerWheel } from "../core/wheel.ts";
import { releaseBuffers } from "../stream/buffer_pool.ts";
import { collectGarbage, trimFreed } from "../sys/collect.ts";

/** What shows whether a server works. */
export interface Activity {
  /** Sessions that are open. */
  readonly open: number;
  /** Sessions opened so far, and bytes moved so far both ways. */
  readonly opened: number;
  readonly bytes: number;
}

/** Fewer open sessions than this hold nothing that is worth a pause, */
const worthwhile = 256;
/** unless so many have come and gone: each leaves some 2 KB, and the heap that it has grown. */
const manyGone = 2_048;

/** What must have happened since the last time: so many sessions opened, or bytes moved. */
const enoughSessions = 256;
const enoughBytes = 64 * 1024;

/** Two looks that see the same are a rest. */
const lookEveryMs = 1_000;

/** Decides when to collect. Pure: it is asked at every look. */
export class RestDetector {
  #collected: Activity = { open: 0, opened: 0, bytes: 0 };
  #last: Activity = this.#collected;

  /** True once for each time that a server with many sessions rests after enough has happened. */
  look(now: Activity): boolean {
    const last = this.#last;
    this.#last = now;
    const collected = this.#collected;
    const opened = now.opened - collected.opened;
    const isWorth = opened >= manyGone || (now.open >= worthwhile &&
      (opened >= enoughSessions || now.bytes - collected.bytes >= enoughBytes));
    if (!isWorth || now.opened !== last.opened || now.bytes !== last.bytes) return false;
    this.#collected = now;
    return true;
  }
}

/** Collects garbage whenever the server rests, until it is disposed. */
export function collectAtRest(context: Context, activity: () => Activity): Disposable {
  const detector = new RestDetector();
  const wheel = TimerWheel.of(context.clock);
  let timer: Timer;
  const arm = () => {
    timer = wheel.timer(lookEveryMs, () => {
      if (detector.look(activity())) void collect(context);
      arm();
    });
  };
  arm();
  return { [Symbol.dispose]: () => timer.cancel() };
}

async function collect({ clock, log }: Context): Promise<void> {
  const startMs = clock.now();
  releaseBuffers();
  const hasCollected = await collectGarbage();
  trimFreed();
  if (!hasCollected) return;
  const tookMs = Math.round(clock.now() - startMs);
  log.write("debug", "collect", `at rest: garbage collected in ${tookMs} ms`, {
    durationMs: tookMs,
  });
}
