/**
 * What a connection does over time, as it is written: `reconnect=5`, `backoff=200ms..30s`,
 * `while-down=hold=64KiB`.
 * @module
 */

import { quote } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import { ValueError } from "./fault.ts";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";

/** The word that a bare `reconnect` stands for. */
export const forEver = "always";

/** The word that takes a default of the command line back, for one address. */
export const switchedOff = "no";

/** More attempts than this are for ever. */
const mostAttempts = 1_000_000;

/**
 * Reads `reconnect`: how many attempts in a row may fail.
 *
 * @returns a number from 1, Infinity for `always`, null for `no`
 * @throws {ValueError}
 */
export function parseReconnect(text: string): number | null {
  if (text === forEver) return Infinity;
  if (text === switchedOff) return null;
  const attempts = /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 0;
  if (attempts >= 1 && attempts <= mostAttempts) return attempts;
  const hint = `write how many attempts may fail (1 to ${mostAttempts}), ${forEver} or ` +
    switchedOff;
  throw new ValueError(text, 0, "not a number of attempts", hint);
}

/** A range of delays, in milliseconds. */
export interface BackoffRange {
  readonly initialMs: number;
  readonly maximumMs: number;
}

/** Less would be a spin: half of the delays of the first step are below half of it. */
const leastInitialMs = 10;
const mostMs = 24 * 3_600_000;

/**
 * Reads `backoff`: `200ms..30s`, or one duration for delays that do not grow.
 *
 * @throws {ValueError}
 */
export function parseBackoff(text: string): BackoffRange {
  const dots = text.indexOf("..");
  const [first, last] = dots < 0 ? [text, text] : [text.slice(0, dots), text.slice(dots + 2)];
  const initialMs = within(text, 0, () => parseDuration(first));
  const maximumMs = within(text, dots + 2, () => parseDuration(last));
  if (initialMs < leastInitialMs) {
    throw new ValueError(text, 0, `a backoff begins at ${formatDuration(leastInitialMs)} or more`);
  }
  if (maximumMs > mostMs) {
    throw new ValueError(text, 0, `a backoff ends at ${formatDuration(mostMs)} or less`);
  }
  if (initialMs <= maximumMs) return { initialMs, maximumMs };
  const hint = `write ${formatBackoff({ initialMs: maximumMs, maximumMs: initialMs })}`;
  throw new ValueError(text, 0, "the longest delay is shorter than the first", hint);
}

/** Prints a range as `parseBackoff` reads it. */
export function formatBackoff({ initialMs, maximumMs }: BackoffRange): string {
  return `${formatDuration(initialMs)}..${formatDuration(maximumMs)}`;
}

/** What happens to bytes that are written while there is no connection. */
export interface WhileDown {
  /** They wait for the next connection, are thrown away, or are refused. */
  readonly mode: "hold" | "drop" | "fail";
  /** How many are held before a writer waits, in bytes. */
  readonly holdBytes: number;
}

/** Without an option. */
export const defaultWhileDown: WhileDown = { mode: "hold", holdBytes: 64 * 1024 };

const mostHeld = 2 ** 30;

/**
 * Reads `while-down`: `hold`, `hold=64KiB`, `drop`, `fail`.
 *
 * @throws {ValueError}
 */
export function parseWhileDown(text: string): WhileDown {
  const [mode = "", size] = cut(text, "=");
  if (mode === "drop" || mode === "fail") {
    if (size === undefined) return { ...defaultWhileDown, mode };
    throw new ValueError(text, mode.length, `${mode} takes no size`);
  }
  if (mode !== "hold") {
    const near = nearest(mode, ["hold", "drop", "fail"]);
    const hint = near === undefined
      ? "one of hold, hold=SIZE, drop, fail"
      : `did you mean ${near}?`;
    throw new ValueError(text, 0, `${quote(mode)} is none of the choices`, hint);
  }
  if (size === undefined) return defaultWhileDown;
  const holdBytes = within(text, mode.length + 1, () => parseSize(size));
  if (holdBytes >= 1 && holdBytes <= mostHeld) return { mode, holdBytes };
  throw new ValueError(text, mode.length + 1, `hold takes 1B to ${formatSize(mostHeld)}`);
}

/** Prints a policy as `parseWhileDown` reads it. */
export function formatWhileDown({ mode, holdBytes }: WhileDown): string {
  return mode === "hold" ? `hold=${formatSize(holdBytes)}` : mode;
}

function cut(text: string, at: string): readonly [string, string?] {
  const place = text.indexOf(at);
  return place < 0 ? [text] : [text.slice(0, place), text.slice(place + 1)];
}

/** A fault in a part, told with its place in the whole. */
function within<T>(text: string, offset: number, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof ValueError)) throw thrown;
    throw new ValueError(text, Math.max(0, offset) + thrown.offset, thrown.reason, thrown.hint);
  }
}
