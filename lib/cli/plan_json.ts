/**
 * A plan -> the fields of its object for `--plan --json`: the plan itself, with the names of the
 * limits as keys of JSON are written here (camelCase, durations end in `Ms`).
 * @module
 */

import { isLimitName, type LimitRow, limitTable } from "../core/limits.ts";
import type { ObjectFields } from "./ndjson.ts";
import type { Plan } from "./plan.ts";

/** The fields of `--plan --json`; `schema` is left out: the first object of a stream has it. */
export function planFields(plan: Plan): ObjectFields {
  const { schema: _, limits, ...rest } = plan;
  const entries = Object.entries(limits).map(([name, value]) => [limitKey(name), value]);
  return { ...rest, limits: Object.fromEntries(entries) };
}

/** `datagram-idle` is `datagramIdleMs`. */
function limitKey(name: string): string {
  const key = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  return isLimitName(name) && (limitTable[name] as LimitRow).unit === "ms" ? `${key}Ms` : key;
}
