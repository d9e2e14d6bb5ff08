/**
 * A watch as a table for a terminal: what is down first, as many lines as there is room for.
 * @module
 */

import { escapeControls } from "../core/error.ts";
import type { StateCounts, TargetStatus } from "../link/watch.ts";
import { type TargetState, targetStates } from "../link/watch_standing.ts";
import { columnsOf, fitColumns } from "./columns.ts";
import { approximateDuration } from "./quantity.ts";
import { sparkLine } from "./spark.ts";

/** What is shown. */
export interface WatchFigures {
  readonly targets: Iterable<TargetStatus> & { readonly size: number };
  readonly counts: StateCounts;
}

/** How much room there is, and what time it is. */
export interface TableFrame {
  readonly columns: number;
  /** Lines at most; at least 3. */
  readonly rows: number;
  readonly color: boolean;
  /** Wall-clock milliseconds. */
  readonly wallMs: number;
  /** The last thing that was said, for the last line; "" for none. */
  readonly message?: string;
}

/** ECMA-48 SGR: red, yellow, grey, green. */
const colors: Readonly<Record<TargetState, number>> = {
  down: 31,
  suspect: 33,
  unknown: 90,
  up: 32,
};

const gap = "  ";
const stateColumns = 7;
const durationColumns = 7;
const sparkColumns = { narrow: 8, wide: 16, wideFrom: 100 } as const;
const nameColumns = { least: 8, share: 0.35 } as const;
/** Below so many columns for it a reason says nothing any more. */
const leastReason = 12;

/** Widths of the columns; 0 where one is left out. */
interface Layout {
  readonly name: number;
  readonly spark: number;
  readonly since: number;
  readonly reason: number;
}

/** The lines: counts, heads, targets, and how many are not shown. */
export function watchTable({ targets, counts }: WatchFigures, frame: TableFrame): string[] {
  const { columns, rows } = frame;
  const message = rows > 3 ? frame.message ?? "" : "";
  const shownRows = Math.max(1, rows - 2 - (message === "" ? 0 : 1));
  const chosen = chooseTargets(targets, shownRows);
  const layout = layOut(chosen, columns);
  const lines = [
    fitLine(countsText(counts, frame), columns, counts, frame),
    headLine(layout, columns, frame),
    ...chosen.map((target) => targetLine(target, layout, frame)),
  ];
  const left = targets.size - chosen.length;
  if (left > 0) lines[lines.length - 1] = fitColumns(`and ${left + 1} more`, columns).trimEnd();
  if (message !== "") lines.push(fitColumns(escapeControls(message), columns).trimEnd());
  return lines;
}

/** `2 down, 1 suspect, 97 up`: what there is none of is left out, but for up and down. */
export function countsText(counts: StateCounts, { color }: { readonly color: boolean }): string {
  return targetStates.filter((state) => counts[state] > 0 || state === "down" || state === "up")
    .map((state) => {
      const text = `${counts[state]} ${state}`;
      return color && counts[state] > 0 ? paint(text, colors[state]) : text;
    }).join(", ");
}

/** By state, and as they were given within: lines that keep their place can be followed. */
function chooseTargets(targets: Iterable<TargetStatus>, most: number): TargetStatus[] {
  const byState: Record<TargetState, TargetStatus[]> = {
    down: [],
    suspect: [],
    unknown: [],
    up: [],
  };
  for (const target of targets) {
    const same = byState[target.state];
    if (same.length < most) same.push(target);
  }
  return targetStates.flatMap((state) => byState[state]).slice(0, most);
}

/** On a narrow screen the reason goes first, then the spark line, then how long. */
function layOut(chosen: readonly TargetStatus[], columns: number): Layout {
  const widest = Math.max(...chosen.map((target) => columnsOf(nameOf(target))), nameColumns.least);
  const mostName = Math.max(nameColumns.least, Math.floor(columns * nameColumns.share));
  let left = columns - stateColumns - 2 * gap.length - durationColumns;
  const name = Math.max(1, Math.min(widest, mostName, left));
  left -= name;
  const take = (width: number) => {
    if (left < width + gap.length) return 0;
    left -= width + gap.length;
    return width;
  };
  const since = take(durationColumns);
  const spark = take(columns >= sparkColumns.wideFrom ? sparkColumns.wide : sparkColumns.narrow);
  return { name, since, spark, reason: take(Math.max(leastReason, left - gap.length)) };
}

function headLine(layout: Layout, columns: number, { color }: TableFrame): string {
  const line = joinCells(
    ["STATE", "TARGET", "TRIP", "TRIPS", "SINCE", "REASON"],
    layout,
  ).slice(0, columns).trimEnd();
  return color ? paint(line, 1) : line;
}

function targetLine(target: TargetStatus, layout: Layout, frame: TableFrame): string {
  const { state, roundTripMs, reason, sinceMs } = target;
  const line = joinCells([
    state,
    nameOf(target),
    roundTripMs === null ? "-" : approximateDuration(roundTripMs),
    sparkLine(target.history(layout.spark), layout.spark),
    shortAge(frame.wallMs - sinceMs),
    escapeControls(reason),
  ], layout).trimEnd();
  return frame.color
    ? paint(line.slice(0, state.length), colors[state]) + line.slice(state.length)
    : line;
}

function joinCells(
  [state = "", name = "", trip = "", spark = "", since = "", reason = ""]: readonly string[],
  layout: Layout,
): string {
  return [
    state.padEnd(stateColumns),
    fitColumns(name, layout.name),
    trip.padStart(durationColumns),
    ...(layout.spark > 0 ? [fitColumns(spark, layout.spark)] : []),
    ...(layout.since > 0 ? [since.padStart(durationColumns)] : []),
    ...(layout.reason > 0 ? [fitColumns(reason, layout.reason)] : []),
  ].join(gap);
}

function nameOf({ settings }: TargetStatus): string {
  return escapeControls(settings.name);
}

/** Whole units only: a table in which every line changes all the time is hard to read. */
function shortAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

function fitLine(
  line: string,
  columns: number,
  counts: StateCounts,
  { color }: TableFrame,
): string {
  const plain = color ? countsText(counts, { color: false }) : line;
  return plain.length <= columns ? line : fitColumns(plain, columns).trimEnd();
}

function paint(text: string, code: number): string {
  return `\x1b[${code}m${text}\x1b[m`;
}
