/**
 * `--limit NAME=VALUE` -> the bounds in force.
 * @module
 */

import { readValue } from "../address/value.ts";
import { NetError, quote } from "../core/error.ts";
import {
  defaultLimits,
  isLimitName,
  type LimitName,
  type LimitRow,
  type Limits,
  limitTable,
} from "../core/limits.ts";
import { nearest } from "../core/nearest.ts";
import type { OptionRow } from "../core/option.ts";
import { usage } from "./normalise.ts";

const kinds = { count: "integer", bytes: "size", ms: "duration" } as const;

/**
 * Reads the values of `--limit`; what is not named keeps its default.
 *
 * @param op the command, for the error line
 * @throws {NetError} kind "usage": an unknown name (the nearest is named), a repeat, a bad value
 */
export function readLimits(texts: readonly string[], op: string): Limits {
  if (texts.length === 0) return defaultLimits;
  const limits: Record<LimitName, number> = { ...defaultLimits };
  const seen = new Set<LimitName>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    const name = equals < 0 ? text : text.slice(0, equals);
    if (!isLimitName(name)) {
      const near = nearest(name, Object.keys(limitTable));
      const hint = near === undefined ? "see: plumb help limits" : `did you mean ${near}?`;
      throw usage(op, `--limit: unknown limit ${JSON.stringify(quote(name))}`, hint);
    }
    if (equals < 0) throw usage(op, `--limit ${name} needs a value`, `write ${name}=VALUE`);
    if (seen.has(name)) throw usage(op, `--limit ${name} is given twice`);
    seen.add(name);
    limits[name] = readLimit(name, limitTable[name], text.slice(equals + 1), op);
  }
  return Object.freeze(limits);
}

function readLimit(name: string, row: LimitRow, text: string, op: string): number {
  // 0 would switch off what the bound protects, or all service; neither is meant by a bound.
  const option: OptionRow = { name, kind: kinds[row.unit], help: row.reason, minimum: 1 };
  try {
    return Number(readValue(option, text));
  } catch (thrown) {
    if (!(thrown instanceof NetError)) throw thrown;
    throw usage(op, `--limit ${name}: ${thrown.reason}`, thrown.hint);
  }
}
