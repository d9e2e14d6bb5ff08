/**
 * How much has passed, while it passes: on SIGUSR2, every `--tally-every`, and as progress on a
 * terminal.
 * @module
 */

import type { Connections } from "../api/connections.ts";
import type { Timer } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import { counted } from "../core/counted.ts";
import type { Flow, ServerTally } from "../core/tally.ts";
import { TimerWheel } from "../core/wheel.ts";
import type { PoolFigures } from "../service/pool.ts";
import type { CommandContext } from "./command.ts";
import { showProgress } from "./progress.ts";
import { approximateDuration } from "./quantity.ts";
import { flowLine } from "./report.ts";

/** What `ServerTally` counts of sessions. */
export type SessionCounts = Pick<
  ServerTally,
  "accepted" | "refused" | "ended" | "cut" | "failed"
>;

const noneOver = { refused: 0, ended: 0, cut: 0, failed: 0 };

/** Totals of what runs, or has run. */
export interface LiveTotals {
  readonly aToB: Readonly<Flow>;
  readonly bToA: Readonly<Flow>;
  /** Which of the ends is the peer, or the peers: what came from it is `bytesIn`. */
  readonly peer: "a" | "b";
  /** Sessions that are open now. */
  readonly sessions: number;
  /** What a server counts; default: that of a command with one session, while it is open. */
  readonly counts?: SessionCounts;
  /** Processes or threads of the server's model. */
  readonly workers?: PoolFigures;
  /** Those that are made anew when they are lost. */
  readonly connections?: Pick<Connections, "size" | "statuses">;
}

/** Says the live tally until it is disposed. */
export function sayLiveTally(session: CommandContext, totals: () => LiveTotals): Disposable {
  const { host, flags, errors, context } = session;
  const startMs = context.clock.now();
  const say = () => sayTally(context, totals(), startMs);
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

/** Says a tally once. @param startMs when what it counts began, monotonic */
export function sayTally({ clock, log }: Context, totals: LiveTotals, startMs: number): void {
  const { aToB, bToA, peer, sessions, workers } = totals;
  const durationMs = Math.round(clock.now() - startMs);
  const open = counted(sessions, "session");
  const connections = countsOf(totals.connections);
  const text = [
    open,
    flowLine(aToB, bToA),
    approximateDuration(durationMs),
    ...(workers === undefined ? [] : [workersLine(workers)]),
    ...(connections === null ? [] : [connectionsLine(connections)]),
  ].join(", ");
  const [bytesIn, bytesOut] = peer === "a" ? [aToB.bytes, bToA.bytes] : [bToA.bytes, aToB.bytes];
  log.write("notice", "tally", text, {
    sessions,
    ...(totals.counts ?? { accepted: sessions, ...noneOver }),
    bytesIn,
    bytesOut,
    durationMs,
    ...(workers && { workers }),
    ...(connections && { connections }),
  });
}

/** Where connections are that are made anew. */
interface ConnectionCounts {
  readonly up: number;
  readonly connecting: number;
  readonly waiting: number;
  /** Until the first of those that wait makes its next attempt; null where none waits. */
  readonly nextMs: number | null;
}

function countsOf(connections: LiveTotals["connections"]): ConnectionCounts | null {
  if (connections === undefined || connections.size === 0) return null;
  const all = connections.statuses();
  const count = (state: string) => all.filter((one) => one.state === state).length;
  const waits = all.filter(({ state }) => state === "waiting").map(({ delayMs }) => delayMs);
  const nextMs = waits.length === 0 ? null : Math.round(Math.min(...waits));
  return { up: count("up"), connecting: count("connecting"), waiting: count("waiting"), nextMs };
}

function connectionsLine({ up, connecting, waiting, nextMs }: ConnectionCounts): string {
  const next = nextMs === null ? "" : ` (next attempt in ${approximateDuration(nextMs)})`;
  return `connections: ${up} up, ${connecting} connecting, ${waiting} waiting${next}`;
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
