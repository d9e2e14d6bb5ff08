/**
 * A plan -> text for people; `plan_json.ts` has its JSON.
 * @module
 */

import { isScheme } from "../address/schemes.ts";
import { formatDuration, formatMode, formatRate, formatSize } from "../address/value.ts";
import { optionTableOf } from "../api/lasting_options.ts";
import { escapeControls } from "../core/error.ts";
import { defaultLimits, isLimitName, type LimitRow, limitTable } from "../core/limits.ts";
import type { OptionValue, ValueKind } from "../core/option.ts";
import type { FlagRow } from "./flag.ts";
import type { Json, Plan, PlannedEndpoint } from "./plan.ts";
import { table } from "./text.ts";

const kinds = { count: "integer", bytes: "size", ms: "duration" } as const;

/**
 * The text of `--plan`.
 *
 * @param rows the flags of the command, for the units of their values
 */
export function planText(plan: Plan, rows: readonly FlagRow[]): string {
  const sections = [
    [
      "endpoints",
      plan.endpoints.flatMap((endpoint) => [
        [endpoint.role, endpoint.side, endpoint.address],
        ...endpoint.options.map(({ name, value, source }) => {
          return ["", "", `${name}=${show(optionKind(endpoint, name), value)} (${source})`];
        }),
      ]),
    ],
    [
      "flags",
      plan.flags.map(({ name, value, source }) => {
        const kind = rows.find((row) => row.name === name)?.kind ?? "text";
        return [`--${name}`, show(kind, value), `(${source})`];
      }),
    ],
    [
      "limits",
      Object.entries(plan.limits).map(([name, value]) => [
        name,
        isLimitName(name) ? show(kinds[(limitTable[name] as LimitRow).unit], value) : String(value),
        isLimitName(name) && value !== defaultLimits[name] ? "(flag)" : "(default)",
      ]),
    ],
    ["settings", Object.entries(plan.settings).map(([name, value]) => [name, showJson(value)])],
  ] as const;
  return [`plan of ${plan.command}, schema ${plan.schema}`]
    .concat(
      sections.flatMap(([title, rows]) =>
        rows.length === 0 ? [] : [title, ...table(rows).map((line) => `  ${line}`)]
      ),
    )
    .map(escapeControls).join("\n");
}

/** The kind of an endpoint's option; both sides may have one of that name, of different kinds. */
function optionKind({ scheme, side }: PlannedEndpoint, name: string): ValueKind {
  const rows = isScheme(scheme) ? optionTableOf(scheme) : [];
  return rows.find((row) => row.name === name && (row.side ?? side) === side)?.kind ?? "text";
}

function show(kind: ValueKind, value: OptionValue): string {
  if (typeof value !== "number") return String(value);
  if (kind === "duration") return formatDuration(value);
  if (kind === "size") return formatSize(value);
  if (kind === "mode") return formatMode(value);
  return kind === "rate" ? formatRate(value) : String(value);
}

function showJson(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
