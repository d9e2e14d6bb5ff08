/**
 * How much has passed, while it passes: on SIGUSR2, every `--tally-every`, and as progress on a
 * terminal.
 * @module
 */

import type { Timer } from "../core/clock.ts";
import type { Flow } from "../core/tally.ts";
import { TimerWheel } from "../core/wheel.ts";
import type { PoolFigures } from "../service/pool.ts";
import type { CommandContext } from "./command.ts";
import { showProgress } from "./progress.ts";
import { approximateDuration } from "./quantity.ts";
import { flowLine } from "./report.ts";

/** Totals of what runs, or has run. */
export interface LiveTotals {
  readonly aToB: Readonly<Flow>;
  readonly bToA: Readonly<Flow>;
  /** Which of the ends is the peer, or the peers: what came from it is `bytesIn`. */
  readonly peer: "a" | "b";
  /** Sessions that are open now. */
  readonly sessions: number;
  /** Processes or threads of the server's model. */
  readonly workers?: PoolFigures;
}

/** Says the live tally until it is disposed. */
export function sayLiveTally(session: CommandContext, totals: () => LiveTotals): Disposable {
  const { host, flags, errors, context } = session;
  const startMs = context.clock.now();
  const say = () => {
    const { aToB, bToA, peer, sessions, workers } = totals();
    const durationMs = Math.round(context.clock.now() - startMs);
    const open = sessions === 1 ? "1 session" : `${sessions} sessions`;
    const moved = `${open}, ${flowLine(aToB, bToA)}, ${approximateDuration(durationMs)}`;
    const text = workers === undefined ? moved : `${moved}, ${workersLine(workers)}`;
    const [bytesIn, bytesOut] = peer === "a" ? [aToB.bytes, bToA.bytes] : [bToA.bytes, aToB.bytes];
    const fields = { sessions, bytesIn, bytesOut, durationMs, ...(workers && { workers }) };
    context.log.write("notice", "tally", text, fields);
  };
  const stopSignal = host.onSignal("SIGUSR2", say);
  const stopTimer = repeat(session, flags.number("tally-every"), say);
  const progress = showProgress(host, errors, {
    bytes: () => totals().aToB.bytes + totals().bToA.bytes,
    wanted: !flags.flag("silent") && !flags.flag("json"),
  });
  return {
    [Symbol.dispose]() {
      stopSignal();
      stopTimer();
      progress[Symbol.dispose]();
    },
  };
}

function workersLine({ alive, busy, queued, done }: PoolFigures): string {
  return `workers: ${alive} alive, ${busy} busy, ${queued} queued, ${done} done`;
}

function repeat(session: CommandContext, everyMs: number | undefined, then: () => void) {
  if (everyMs === undefined) return () => {};
  const wheel = TimerWheel.of(session.context.clock);
  let timer: Timer;
  const arm = () => {
    timer = wheel.timer(everyMs, () => {
      then();
      arm();
    });
  };
  arm();
  return () => timer.cancel();
}
