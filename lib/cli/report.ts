/**
 * Tallies -> text and fields: the same facts for people and for programs.
 * @module
 */

import type { Peer } from "../core/contract.ts";
import { counted } from "../core/counted.ts";
import type { LogFields } from "../core/log.ts";
import { reasons } from "../core/reason.ts";
import type { Flow, ServerTally, SessionTally } from "../core/tally.ts";
import { type EndedSession, peerText } from "../service/session_line.ts";
import { approximateDuration } from "./quantity.ts";
import { table } from "./text.ts";

/** The ends of a session of this process, besides its tally. */
export interface SessionEnds {
  readonly a: Peer;
  readonly b: Peer;
  /** Which of them is the peer. */
  readonly peer: "a" | "b";
  /** This side's end towards the peer. */
  readonly local: Peer;
}

/**
 * One line about a session that ended:
 * `session 3: tcp://127.0.0.1:5000 <-> stdio: 12 B ->, 3400 B <-, 1.2s, peer-end`.
 * Bytes are exact: they are compared with what the other side counted.
 */
export function sessionLine(tally: SessionTally, { a, b }: SessionEnds): string {
  const parts = [
    `${tally.aToB.bytes} B ->`,
    `${tally.bToA.bytes} B <-`,
    approximateDuration(tally.durationMs),
    tally.error === undefined ? tally.reason : `${tally.reason} (${tally.error.message})`,
  ];
  if (tally.child !== undefined) parts.push(childText(tally.child));
  return `session ${tally.id}: ${peerText(a)} <-> ${peerText(b)}: ${parts.join(", ")}`;
}

/** The session as a server's gate would tell it: the event `session` has one shape. */
export function endedSession(tally: SessionTally, ends: SessionEnds): EndedSession {
  const { id, durationMs, reason, error, child, aToB, bToA } = tally;
  const isA = ends.peer === "a";
  const [remote, other] = isA ? [ends.a, ends.b] : [ends.b, ends.a];
  const [bytesIn, bytesOut] = isA ? [aToB.bytes, bToA.bytes] : [bToA.bytes, aToB.bytes];
  const report = {
    ...{ reason, bytesIn, bytesOut, other: other.text },
    ...(error && { error }),
    ...(child && { child }),
  };
  return { id, durationMs, arrival: { remote, local: ends.local }, report };
}

/** Why a session ended, in words: `idle: nothing moved for the time given by --idle`. */
export function reasonText(tally: SessionTally): string {
  return `${tally.reason}: ${tally.error?.message ?? reasons[tally.reason]}`;
}

/** `12 sessions (1 failed, 2 cut), 3 refused, 1200 B in, 1200 B out, 2m5s`. */
export function serverLine(tally: ServerTally): string {
  const wrong = [
    ...(tally.failed > 0 ? [`${tally.failed} failed`] : []),
    ...(tally.cut > 0 ? [`${tally.cut} cut`] : []),
  ];
  const sessions = counted(tally.accepted, "session");
  return [
    wrong.length === 0 ? sessions : `${sessions} (${wrong.join(", ")})`,
    ...(tally.refused > 0 ? [`${tally.refused} refused`] : []),
    `${tally.bytesIn} B in`,
    `${tally.bytesOut} B out`,
    approximateDuration(tally.durationMs),
  ].join(", ");
}

/** Fields of the last event `tally`: nothing is open any more. */
export function serverFields(tally: ServerTally): LogFields {
  return { sessions: 0, ...tally, durationMs: round(tally.durationMs) };
}

/** Sessions side by side, with heads. */
export function sessionTable(tallies: readonly SessionTally[]): string {
  const rows = tallies.map((tally) => [
    String(tally.id),
    tally.a,
    tally.b,
    String(tally.aToB.bytes),
    String(tally.bToA.bytes),
    approximateDuration(tally.durationMs),
    tally.reason,
  ]);
  return table(rows, ["id", "a", "b", "bytes ->", "bytes <-", "time", "reason"]).join("\n");
}

/** What moved both ways so far, for `--tally-every`: `1200 B ->, 34 B <-`. */
export function flowLine(aToB: Readonly<Flow>, bToA: Readonly<Flow>): string {
  return `${aToB.bytes} B ->, ${bToA.bytes} B <-`;
}

function childText(child: NonNullable<SessionTally["child"]>): string {
  return child.signal === null
    ? `child ${child.pid} exited with ${child.code}`
    : `child ${child.pid} ended by ${child.signal}`;
}

function round(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000;
}
