/**
 * Flags of server models -> ModelOptions.
 * @module
 */

import { modelOf, type ModelOptions } from "../api/models.ts";
import type { Flags } from "./flag.ts";
import { usage } from "./normalise.ts";

/** Flags that only the pool reads. */
const poolFlags = ["pool-queue", "pool-check", "pool-full", "pool-stop"] as const;

/**
 * Reads them.
 *
 * @param op the command, for the error line
 * @throws {NetError} kind "usage": an unknown model, or a flag that it does not read
 */
export function modelOptionsOf(flags: Flags, op: string): ModelOptions {
  const spare = flags.number("spare");
  const model = modelOf({
    model: flags.text("model") ?? "loop",
    ...(spare === undefined ? {} : { spare }),
  });
  const given = {
    queue: flags.number("pool-queue"),
    checkMs: flags.number("pool-check"),
    whenFull: flags.text("pool-full"),
    atStop: flags.text("pool-stop"),
  };
  const pool = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  const alien = poolFlags.find((name) => flags.source(name) !== undefined);
  if (model.kind !== "pool" && alien !== undefined) {
    throw usage(op, `--${alien} goes with --model pool=MIN..MAX`);
  }
  const hangMs = flags.number("hang-after");
  if (hangMs === undefined) return { model, pool };
  if (model.kind === "loop" || model.kind === "iterative") {
    throw usage(op, "--hang-after goes with models of processes and threads");
  }
  return {
    model,
    pool,
    supervision: { hangMs, pingMs: Math.min(1_000, Math.max(25, hangMs / 5)) },
  };
}
