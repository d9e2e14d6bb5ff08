/**
 * `plumb version`: Plan -> the version of the program and of its runtime.
 * @module
 */

import type { CommandContext, Invocation } from "../command.ts";
import type { Plan } from "../plan.ts";
import { version } from "../../core/version.ts";

/** Nothing to plan. */
export function plan(invocation: Invocation): Plan {
  return invocation.plan();
}

/** Prints `plumb 0.1.0 (deno 2.9.5, v8 ..., x86_64-unknown-linux-gnu)`. */
export async function run(_plan: Plan, { host, output }: CommandContext): Promise<number> {
  const { deno, v8, target } = host.runtime;
  if (output.json) await output.object("version", { version, deno, v8, target });
  else await output.text(`plumb ${version} (deno ${deno}, v8 ${v8}, ${target})`);
  return 0;
}
