/**
 * Session and its end -> the one line and the fields that are said of it.
 * @module
 */

import type { ChildStatus, Peer } from "../core/contract.ts";
import type { LogFields } from "../core/log.ts";
import type { Arrival, SessionReport } from "./policy.ts";

/** What is known of a session when it has ended. */
export interface EndedSession {
  readonly id: number;
  readonly arrival: Arrival;
  readonly report: SessionReport;
  readonly durationMs: number;
}

/**
 * `session 3: tcp://127.0.0.1:5000 at tcp://[::]:7 by process 812: 5 B in, 5 B out, 1.204s,
 * peer-end, child=812 exit=3`. Bytes are exact: they are compared with what the client counted.
 */
export function sessionText({ id, arrival, report, durationMs }: EndedSession): string {
  const { worker, reason, error, child, bytesIn, bytesOut } = report;
  const who = `${peerText(arrival.remote)} at ${arrival.local.text}`;
  return [
    `session ${id}: ${worker === undefined ? who : `${who} by ${worker}`}: ${bytesIn} B in`,
    `${bytesOut} B out`,
    `${(durationMs / 1000).toFixed(3)}s`,
    error === undefined ? reason : `${reason} (${error.message})`,
    ...(child === undefined ? [] : [childText(child)]),
  ].join(", ");
}

/** Fields of the event `session`. */
export function sessionFields({ id, arrival, report, durationMs }: EndedSession): LogFields {
  const { worker, reason, error, child, bytesIn, bytesOut, other } = report;
  const { credentials } = arrival.remote;
  return {
    id,
    peer: arrival.remote.text,
    local: arrival.local.text,
    ...(credentials === undefined ? {} : { credentials }),
    ...(other === undefined ? {} : { other }),
    ...(worker === undefined ? {} : { worker }),
    bytesIn,
    bytesOut,
    durationMs: Math.round(durationMs * 1000) / 1000,
    reason,
    ...(error === undefined ? {} : { message: error.message, code: error.code ?? null }),
    ...(child === undefined ? {} : { child }),
  };
}

/**
 * Who a peer is, for people: `unix:/run/x (pid=812 uid=1000 gid=1000)` where the kernel tells. A
 * Unix client that was never bound has no name.
 */
export function peerText({ text, credentials }: Peer): string {
  const name = text || "nameless peer";
  if (credentials === undefined) return name;
  const { pid, uid, gid } = credentials;
  return `${name} (pid=${pid} uid=${uid} gid=${gid})`;
}

function childText({ pid, code, signal }: ChildStatus): string {
  return signal === null ? `child=${pid} exit=${code}` : `child=${pid} signal=${signal}`;
}
