/**
 * The value of an option or a flag: its text read as the row of its table says.
 * @module
 */

import { quote } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import type { OptionRow, OptionValue } from "../core/option.ts";
import { ValueError } from "./fault.ts";
import {
  formatDuration,
  formatRate,
  formatSize,
  parseDuration,
  parseRate,
  parseSize,
} from "./units.ts";

export { ValueError } from "./fault.ts";
export { formatDuration, formatRate, formatSize, parseDuration, parseRate, parseSize };

/**
 * Reads a value.
 *
 * @param text what stood after `=`, or null where no `=` was written
 * @returns flags as booleans; durations in ms, sizes in bytes, rates in bytes a second, integers
 * and file modes as numbers; the others as text
 * @throws {ValueError} kind "usage", with what to write instead
 */
export function readValue(row: OptionRow, text: string | null): OptionValue {
  if (text === null) {
    if (row.bare !== undefined) return readValue(row, row.bare);
    if (row.kind === "flag") return true;
    const placeholder = row.placeholder ?? row.kind.toUpperCase();
    throw new ValueError("", 0, `${row.name} needs a value`, `write ${row.name}=${placeholder}`);
  }
  if (text === "") throw new ValueError("", 0, `${row.name} has an empty value`);
  switch (row.kind) {
    case "flag":
      return readFlag(text);
    case "integer":
      return bounded(row, text, readInteger(text), String);
    case "duration":
      return bounded(row, text, parseDuration(text), formatDuration);
    case "size":
      return bounded(row, text, parseSize(text), formatSize);
    case "rate":
      return bounded(row, text, parseRate(text), formatRate);
    case "mode":
      return parseMode(text);
    case "choice":
      return readChoice(row, text);
    case "text":
      row.check?.(text);
      return text;
  }
}

/**
 * Prints a value so that `readValue` gives it back; null is a bare name.
 *
 * @param value what `readValue` gave for this row
 */
export function formatValue(row: OptionRow, value: OptionValue): string | null {
  if (typeof value === "boolean") return value ? null : "no";
  if (typeof value === "string") return value;
  switch (row.kind) {
    case "duration":
      return formatDuration(value);
    case "size":
      return formatSize(value);
    case "rate":
      return formatRate(value);
    case "mode":
      return formatMode(value);
    default:
      return String(value);
  }
}

/**
 * Reads a file mode: three or four octal digits, `0600` or `600`.
 *
 * @returns the mode's bits, 0 to 0o7777
 * @throws {ValueError}
 */
export function parseMode(text: string): number {
  if (!/^0?[0-7]{3}$|^[0-7]{4}$/.test(text)) {
    throw new ValueError(text, 0, "not a file mode", "write three or four octal digits: 0600");
  }
  return parseInt(text, 8);
}

/** Prints a file mode with a leading zero: `0600`. */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ["1", true],
  ["yes", true],
  ["on", true],
  ["true", true],
  ["0", false],
  ["no", false],
  ["off", false],
  ["false", false],
]);

function readFlag(text: string): boolean {
  const truth = truths.get(text.toLowerCase());
  if (truth === undefined) throw new ValueError(text, 0, "not yes or no", "write yes or no");
  return truth;
}

/** Decimal, or hex after `0x` (the usual spelling of a TOS); an octal `010` would be a trap. */
function readInteger(text: string): number {
  if (!/^(?:-?(?:0|[1-9]\d{0,15})|0x[0-9a-fA-F]{1,13})$/.test(text)) {
    throw new ValueError(text, 0, "not a whole number");
  }
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new ValueError(text, 0, "too large a number");
  return value === 0 ? 0 : value; // "-0" is 0
}

function bounded(
  row: OptionRow,
  text: string,
  value: number,
  format: (value: number) => string,
): number {
  if (row.minimum !== undefined && value < row.minimum) {
    throw new ValueError(text, 0, `${row.name} is at least ${format(row.minimum)}`);
  }
  if (row.maximum !== undefined && value > row.maximum) {
    throw new ValueError(text, 0, `${row.name} is at most ${format(row.maximum)}`);
  }
  return value;
}

function readChoice(row: OptionRow, text: string): string {
  const choices = row.choices ?? [];
  if (choices.includes(text)) return text;
  const near = nearest(text, choices);
  const hint = near === undefined ? `one of ${choices.join(", ")}` : `did you mean ${near}?`;
  throw new ValueError(text, 0, `${quote(text)} is no ${row.name}`, hint);
}
