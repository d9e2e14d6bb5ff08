/**
 * Bounds, needs and settings -> lines for people.
 * @module
 */

import type { NeedRow, SettingBlock } from "./limits_advice.ts";
import type { ModelNeeds } from "./limits_model.ts";
import {
  type MachineLimit,
  type MachineLimitName,
  machineLimits,
  type MachineState,
} from "./limits_read.ts";
import { approximateSize } from "./quantity.ts";
import { table } from "./text.ts";

/** Every bound with its value and its meaning, a line each. */
export function machineText(machine: MachineState): string {
  const names = Object.keys(machineLimits) as MachineLimitName[];
  const cells = names.map((name) => [
    machineLimits[name].setting,
    valueText(machine[name]),
    usedText(machine[name]),
    machineLimits[name].meaning,
  ]);
  return table(cells, ["LIMIT", "VALUE", "USED", "MEANING"]).join("\n");
}

function valueText({ value, hard }: MachineLimit): string {
  if (value === null) return "unknown";
  const text = typeof value === "number" ? numberText(value) : value.map(numberText).join(" ");
  return hard === undefined ? text : `${text} hard ${numberText(hard)}`;
}

function usedText({ used }: MachineLimit): string {
  return used === undefined ? "" : numberText(used);
}

function numberText(value: number): string {
  return value === Infinity ? "unlimited" : String(value);
}

/** What a model needs beside what there is, then the lines to set. */
export function adviceText(
  title: string,
  needs: ModelNeeds,
  rows: readonly NeedRow[],
  blocks: readonly SettingBlock[],
  notes: readonly string[],
): string {
  const cells = rows.map(({ limit, needed, now, enough }) => {
    const shown = (value: number) =>
      limit === "memory" ? approximateSize(value) : numberText(value);
    return [
      machineLimits[limit].setting,
      now === null ? "unknown" : shown(now),
      shown(needed),
      enough ? "" : "too low",
    ];
  });
  const processes = needs.processes === 1 ? "1 process" : `${needs.processes} processes`;
  return [
    `${title}: ${processes}, ${needs.tasks} threads in all`,
    "",
    ...table(cells, ["LIMIT", "NOW", "NEEDED"]),
    ...notes,
    ...blocks.flatMap(({ file, lines }) => ["", `# ${file}`, ...lines]),
  ].join("\n");
}
