/**
 * `plumb limits [--for N [--model M]]`: what this machine allows a server, and what to set so that
 * it holds N sessions. Changes nothing.
 * @module
 */

import { NetError } from "../../core/error.ts";
import type { CommandContext, Invocation } from "../command.ts";
import {
  compareNeeds,
  impossible,
  type NeedRow,
  serverFlags,
  settingsFor,
} from "../limits_advice.ts";
import { modelNeeds } from "../limits_model.ts";
import {
  type MachineLimitName,
  machineLimits,
  type MachineState,
  readMachine,
} from "../limits_read.ts";
import { adviceText, machineText } from "../limits_text.ts";
import { parseModel } from "../../service/model.ts";
import { isSuperuser } from "../../sys/owner.ts";
import { usage } from "../normalise.ts";
import type { Plan } from "../plan.ts";

/** @throws {NetError} kind "usage": a model that there is not, or one without `--for` */
export function plan(invocation: Invocation): Plan {
  const { flags } = invocation;
  if (flags.source("model") === "flag" && flags.number("for") === undefined) {
    throw usage("limits", "--model needs --for", "plumb limits --for 20000 --model process");
  }
  parseModel(flags.text("model") ?? "loop");
  return invocation.plan();
}

/** @throws {NetError} kind "result" where the machine allows less than `--for` asks */
export async function run(_plan: Plan, session: CommandContext): Promise<number> {
  const machine = readMachine();
  const sessions = session.flags.number("for");
  if (sessions === undefined) await printMachine(machine, session);
  else await printAdvice(sessions, machine, session);
  return 0;
}

async function printMachine(machine: MachineState, session: CommandContext): Promise<void> {
  const { output } = session;
  if (!output.json) {
    return await output.text(machineText(machine));
  }
  for (const [name, limit] of Object.entries(machine)) {
    const row = machineLimits[name as MachineLimitName];
    await output.object("limit", { name, ...finite(limit), ...row });
  }
}

/** JSON has no Infinity: "unlimited" in words, so that null stays "unknown". */
function finite(fields: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, value === Infinity ? "unlimited" : value]),
  );
}

async function printAdvice(
  sessions: number,
  machine: MachineState,
  { flags, output, host }: CommandContext,
): Promise<void> {
  const processors = navigator.hardwareConcurrency;
  const text = flags.text("model") ?? "loop";
  const model = parseModel(text);
  const needs = modelNeeds(sessions, model, processors);
  const rows = compareNeeds(needs, machine);
  const own = serverFlags(needs, model, text);
  const blocks = settingsFor(needs, rows, userName(host.environment("USER")));
  if (own !== null) blocks.push(own);
  const notes = impossible(rows);
  if (output.json) {
    await output.object("needs", { sessions, model: text, ...needs });
    for (const { limit, ...row } of rows) {
      const { setting } = machineLimits[limit];
      await output.object("need", { name: limit, setting, ...finite(row) });
    }
    for (const { file, lines } of blocks) await output.object("settings", { file, lines });
    for (const message of notes) await output.object("note", { message });
  } else {
    const title = `${sessions} sessions, model ${text}`;
    await output.text(adviceText(title, needs, rows, blocks, notes));
  }
  const low = rows.filter(({ enough }) => !enough);
  if (low.length > 0) throw belowNeeds(sessions, low);
}

/** `*` stands for everybody but root (limits.conf(5)). */
function userName(user: string | undefined): string {
  if (isSuperuser()) return "root";
  return user !== undefined && /^[a-z_][a-z0-9_-]*$/i.test(user) ? user : "*";
}

function belowNeeds(sessions: number, low: readonly NeedRow[]): NetError {
  const names = low.map(({ limit }) => machineLimits[limit].setting).join(", ");
  const message = `this machine is below what ${sessions} sessions need: ${names}`;
  return new NetError({ kind: "result", op: "limits", message });
}
