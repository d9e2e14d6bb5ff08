/**
 * Durations, sizes and rates: `250ms 30s 5m 2h`, `64KiB 1MB 1.5GiB`, `10MiB/s 10Mbit/s`. A number
 * without its unit is an error: half of its readers would take it for another one.
 * @module
 */

import { quote } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import { ValueError } from "./fault.ts";

/** A kind of quantity, counted in a smallest step so that reading is exact integer arithmetic. */
interface Quantity {
  readonly what: string;
  /** Units with their size in steps, largest first; formatting takes the first that divides. */
  readonly units: ReadonlyMap<string, number>;
  /** The unit that a bare number probably meant. */
  readonly usual: string;
  readonly examples: string;
  /** What a step is, for values finer than it. */
  readonly step: string;
  readonly maximum: number;
  readonly most: string;
}

const duration: Quantity = {
  what: "a duration",
  units: new Map([["h", 3.6e9], ["m", 6e7], ["s", 1e6], ["ms", 1e3]]),
  usual: "s",
  examples: "250ms, 30s, 5m or 2h",
  step: "a microsecond",
  // Eleven years: microseconds stay exact in a double of milliseconds.
  maximum: 100_000 * 3.6e9,
  most: "100000h",
};

const sizeUnits: readonly (readonly [string, number])[] = [
  ["TiB", 2 ** 40],
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
  ["TB", 1e12],
  ["GB", 1e9],
  ["MB", 1e6],
  ["kB", 1e3],
  ["KB", 1e3],
  ["B", 1],
];

const size: Quantity = {
  what: "a size",
  units: new Map(sizeUnits),
  usual: "B",
  examples: "512B, 64KiB or 1MB",
  step: "a byte",
  maximum: Number.MAX_SAFE_INTEGER,
  most: "2^53 - 1 bytes",
};

const rate: Quantity = {
  what: "a rate",
  units: new Map([
    ...sizeUnits.map(([unit, bytes]) => [`${unit}/s`, bytes * 8] as const),
    ["Gbit/s", 1e9],
    ["Mbit/s", 1e6],
    ["kbit/s", 1e3],
    ["bit/s", 1],
  ]),
  usual: "B/s",
  examples: "10MiB/s or 10Mbit/s",
  step: "a bit a second",
  maximum: Number.MAX_SAFE_INTEGER,
  most: "2^53 - 1 bits a second",
};

/**
 * Reads `250ms`, `30s`, `5m`, `2h`, with decimals.
 *
 * @returns milliseconds, at most 100000 hours, in steps of a microsecond
 * @throws {ValueError}
 */
export function parseDuration(text: string): number {
  return parse(duration, text) / 1e3;
}

/**
 * Prints milliseconds (zero or more, rounded to microseconds) in the largest unit that holds them
 * in whole numbers: `parseDuration` gives the same number back.
 */
export function formatDuration(durationMs: number): string {
  const steps = Math.round(durationMs * 1e3);
  return steps === 0 ? "0s" : format(duration, steps) ?? `${steps / 1e3}ms`;
}

/**
 * Reads `64KiB` (1024), `1MB` (10^6), `1.5GiB`.
 *
 * @returns whole bytes
 * @throws {ValueError}
 */
export function parseSize(text: string): number {
  return parse(size, text);
}

/** Prints whole bytes without loss, in the largest unit that divides them. */
export function formatSize(bytes: number): string {
  return (bytes === 0 ? undefined : format(size, bytes)) ?? `${bytes}B`;
}

/**
 * Reads `10MiB/s`, `10Mbit/s`.
 *
 * @returns bytes a second, above 0, in eighths
 * @throws {ValueError}
 */
export function parseRate(text: string): number {
  const bits = parse(rate, text);
  if (bits === 0) throw new ValueError(text, 0, "a rate of 0 would move nothing");
  return bits / 8;
}

/** Prints bytes a second, rounded to whole bits, in the largest unit that divides them. */
export function formatRate(bytesPerSecond: number): string {
  const bits = Math.round(bytesPerSecond * 8);
  return (bits === 0 ? undefined : format(rate, bits)) ?? `${bits}bit/s`;
}

function format(quantity: Quantity, steps: number): string | undefined {
  for (const [unit, scale] of quantity.units) {
    if (steps % scale === 0) return `${steps / scale}${unit}`;
  }
  return undefined;
}

function parse(quantity: Quantity, text: string): number {
  const { what, units, usual, examples } = quantity;
  if (text.startsWith("-")) throw new ValueError(text, 0, `${what} is not negative`);
  // Forty digits are no quantity in earnest, and bound what BigInt has to do.
  const found = /^(\d{1,40})(?:\.(\d{1,40}))?([A-Za-z/]*)$/.exec(text);
  if (found === null) throw new ValueError(text, 0, `not ${what}`, `write ${examples}`);
  const [, whole = "", fraction = "", unit = ""] = found;
  const number = fraction === "" ? whole : `${whole}.${fraction}`;
  const scale = units.get(unit);
  if (unit === "") {
    throw new ValueError(text, text.length, `${what} needs a unit`, `write ${number}${usual}`);
  }
  if (scale === undefined) throw unknownUnit(quantity, text, number, unit);
  const digits = BigInt(whole + fraction) * BigInt(scale);
  const divisor = 10n ** BigInt(fraction.length);
  if (digits % divisor !== 0n) throw new ValueError(text, 0, `finer than ${quantity.step}`);
  const steps = digits / divisor;
  if (steps > BigInt(quantity.maximum)) {
    throw new ValueError(text, 0, `${what} is at most ${quantity.most}`);
  }
  return Number(steps);
}

function unknownUnit(quantity: Quantity, text: string, number: string, unit: string): ValueError {
  const known = [...quantity.units.keys()];
  // Units differ by case (MB, Mbit): a guess is offered, never taken.
  const meant = known.find((one) => one.toLowerCase() === unit.toLowerCase()) ??
    known.find((one) => one === `${unit}/s`) ?? nearest(unit, known);
  const hint = meant === undefined ? quantity.examples : `${number}${meant}`;
  const message = `${quote(unit)} is no unit of ${quantity.what}`;
  return new ValueError(text, text.length - unit.length, message, `write ${hint}`);
}
