/**
 * Results and summary of a ping -> lines for people, like those of ping(8).
 * @module
 */

import type { PingMode } from "../api/ping_modes.ts";
import type { PingSummary } from "../api/ping_summary.ts";
import { escapeControls } from "../core/error.ts";
import type { ClockEstimate } from "../link/clock_filter.ts";
import type { PingResult } from "../link/ping_run.ts";
import type { PeerFacts } from "../wire/peer_facts.ts";
import { formatDuration } from "../address/value.ts";
import { counted } from "../core/counted.ts";
import { approximateDuration } from "./quantity.ts";

/** What a round trip is called, by mode. */
const words: Readonly<Record<PingMode, string>> = {
  connect: "connected",
  echo: "echo",
  pingpong: "pong",
};

/** `echo of 56 bytes from udp://127.0.0.1:7: seq=1 time=0.142 ms`. */
export function resultLine(
  result: PingResult,
  { mode, address, size, timeoutMs }: {
    readonly mode: PingMode;
    readonly address: string;
    readonly size: number;
    readonly timeoutMs: number;
  },
): string {
  const seq = `seq=${result.sequence ?? "?"}`;
  switch (result.kind) {
    case "reply": {
      const what = mode === "echo" ? `${size} bytes from` : `${words[mode]}${preposition(mode)}`;
      const clock = result.clock === undefined ? "" : `, ${offsetText(result.clock)}`;
      return `${what} ${address}: ${seq} time=${milliseconds(result.roundTripMs)}${clock}`;
    }
    case "lost": {
      const why = result.error?.reason ?? `no answer within ${formatDuration(timeoutMs)}`;
      return escapeControls(`${seq} lost: ${why}`);
    }
    case "late":
      return `${seq} late: time=${milliseconds(result.roundTripMs)}, it counts as lost`;
    case "duplicate":
      return `${seq} answered once more`;
    case "different": {
      const { offset, sent, received } = result;
      return `${seq} different at byte ${offset}: sent ${byteText(sent)}, got ${
        byteText(received)
      }`;
    }
  }
}

function preposition(mode: PingMode): string {
  return mode === "connect" ? " to" : " from";
}

function byteText(byte: number | null): string {
  return byte === null ? "nothing" : `0x${byte.toString(16).padStart(2, "0")}`;
}

/** `clock +0.012 ms (within 0.071 ms)`: the peer's clock less ours. */
function offsetText({ offsetMs, errorMs }: ClockEstimate): string {
  const sign = offsetMs < 0 ? "-" : "+";
  return `clock ${sign}${milliseconds(Math.abs(offsetMs))} (within ${milliseconds(errorMs)})`;
}

/** Three decimal places: microseconds are what a loopback is measured in. */
function milliseconds(value: number): string {
  return `${value.toFixed(3)} ms`;
}

/** The lines after the last result. */
export function summaryLines(summary: PingSummary, address: string): string[] {
  const { sent, received, different, duplicates, late, waiting, durationMs } = summary;
  const counts = [
    `${sent} sent`,
    `${received} received`,
    ...(different === 0 ? [] : [`${different} different`]),
    ...(duplicates === 0 ? [] : [`${duplicates} twice`]),
    ...(late === 0 ? [] : [`${late} late`]),
    `${percent(summary.lossRatio)} lost`,
    ...(waiting === 0 ? [] : [`${waiting} still waiting`]),
    approximateDuration(durationMs),
  ];
  return [
    `--- ${address} ---`,
    counts.join(", "),
    ...(received === 0 ? [] : roundTripLines(summary)),
    ...(summary.clock === undefined ? [] : [clockLine(summary.clock)]),
    ...(summary.peer === undefined ? [] : [`peer: ${peerText(summary.peer)}`]),
  ];
}

function roundTripLines(summary: PingSummary): string[] {
  const { minMs, medianMs, p90Ms, p99Ms, maxMs, jitterMs } = summary;
  const trips = [minMs, medianMs, p90Ms, p99Ms, maxMs].map((value) => value.toFixed(3));
  return [
    `round trip min/median/p90/p99/max = ${trips.join("/")} ms, ` +
    `jitter ${milliseconds(jitterMs)}`,
  ];
}

function clockLine(clock: ClockEstimate): string {
  const { delayMs, dispersionMs, jitterMs } = clock;
  return `peer's ${offsetText(clock)}; delay ${milliseconds(delayMs)}, ` +
    `dispersion ${milliseconds(dispersionMs)}, jitter ${milliseconds(jitterMs)}`;
}

/** `version 0.1.0, up 3h20m, 2 sessions, load 0.10 0.05 0.01, 1003 free descriptors, role=db`. */
export function peerText(peer: PeerFacts): string {
  const { version, uptimeMs, sessions, load, freeDescriptors, say = {} } = peer;
  const parts = [
    ...(version === undefined ? [] : [`version ${version}`]),
    ...(uptimeMs === undefined ? [] : [`up ${approximateDuration(uptimeMs)}`]),
    ...(sessions === undefined ? [] : [counted(sessions, "session")]),
    ...(load === undefined ? [] : [`load ${load.map((one) => one.toFixed(2)).join(" ")}`]),
    ...(freeDescriptors === undefined ? [] : [`${freeDescriptors} free descriptors`]),
    ...Object.entries(say).map(([key, value]) => `${key}=${value}`),
  ];
  return parts.length === 0 ? "says nothing of itself" : escapeControls(parts.join(", "));
}

/** `0%`, `12.5%`; never 0% where one was lost, nor 100% where one was not. */
function percent(ratio: number): string {
  const exact = ratio * 100;
  const rounded = Number(exact.toFixed(1));
  if (rounded === 0 && ratio > 0) return "<0.1%";
  if (rounded === 100 && ratio < 1) return ">99.9%";
  return `${rounded}%`;
}
