/**
 * Results and summary of a ping -> fields of their objects.
 * @module
 */

import type { PingMode } from "../api/ping_modes.ts";
import type { PingSummary } from "../api/ping_summary.ts";
import type { PingResult } from "../link/ping_run.ts";
import type { ObjectFields } from "./ndjson.ts";

/**
 * Fields of the event `ping`: `result` says what became of request `seq`, `roundTripMs` is there
 * where an answer came.
 */
export function resultFields(result: PingResult): ObjectFields {
  const { kind, sequence } = result;
  const fields = { seq: sequence, result: kind };
  switch (result.kind) {
    case "reply": {
      const { roundTripMs, peerMs, thereMs, backMs, clock, peer } = result;
      return {
        ...fields,
        ...rounded({ roundTripMs, peerMs, thereMs, backMs }),
        ...(clock === undefined ? {} : { clock: rounded({ ...clock }) }),
        ...(peer === undefined ? {} : { peer }),
      };
    }
    case "late":
      return { ...fields, ...rounded({ roundTripMs: result.roundTripMs }) };
    case "lost":
      return {
        ...fields,
        code: result.error?.code ?? null,
        message: result.error?.reason ?? "no answer",
      };
    case "different": {
      const { offset, sent, received } = result;
      return { ...fields, offset, sent, received };
    }
    case "duplicate":
      return fields;
  }
}

/** Fields of the event `summary`; round trips are null where nothing was received. */
export function summaryFields(
  summary: PingSummary,
  address: string,
  mode: PingMode,
): ObjectFields {
  const { sent, received, lost, lossRatio, waiting, late, duplicates, different } = summary;
  const { minMs, medianMs, meanMs, p90Ms, p99Ms, maxMs, jitterMs, durationMs } = summary;
  const trips = { minMs, medianMs, meanMs, p90Ms, p99Ms, maxMs, jitterMs };
  const none = Object.fromEntries(Object.keys(trips).map((name) => [name, null]));
  return {
    address,
    mode,
    sent,
    received,
    lost,
    lossRatio,
    waiting,
    late,
    duplicates,
    different,
    ...(received === 0 ? none : rounded(trips)),
    ...rounded({ durationMs }),
    ...(summary.clock === undefined ? {} : { clock: rounded({ ...summary.clock }) }),
    ...(summary.peer === undefined ? {} : { peer: summary.peer }),
  };
}

/** Microseconds are the finest that any of these is measured in. */
function rounded(values: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Math.round(value * 1000) / 1000]]
    ),
  );
}
