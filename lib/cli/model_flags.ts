/**
 * The flags of server models: rows, and what they say.
 * @module
 */

import { modelOf, type ModelOptions } from "../api/models.ts";
import { modelForms } from "../service/model.ts";
import type { FlagRow, Flags } from "./flag.ts";
import { usage } from "./normalise.ts";

/** Flags of `serve` and of `relay` with a passive end. */
export const modelFlags: readonly FlagRow[] = [
  {
    name: "model",
    kind: "text",
    placeholder: "M",
    standard: "loop",
    help: `who serves: ${
      Object.keys(modelForms).join(", ")
    } (default loop; see: plumb help models)`,
  },
  {
    name: "spare",
    kind: "integer",
    placeholder: "N",
    minimum: 1,
    maximum: 1_024,
    help: "process, thread: how many are ready for the next sessions (default 2)",
  },
  {
    name: "pool-queue",
    kind: "integer",
    placeholder: "N",
    minimum: 1,
    maximum: 100_000,
    help: "pool: sessions that may wait for a thread (default 100)",
  },
  {
    name: "pool-check",
    kind: "duration",
    placeholder: "D",
    minimum: 10,
    help: "pool: how often it looks whether to grow or shrink (default 10s)",
  },
  {
    name: "pool-full",
    kind: "choice",
    choices: ["wait", "reset"],
    help: "pool: with a full queue, accept no more or reset who comes (default wait)",
  },
  {
    name: "pool-stop",
    kind: "choice",
    choices: ["finish", "drop"],
    help: "pool: sessions that still wait when it is told to stop (default finish)",
  },
  {
    name: "hang-after",
    kind: "duration",
    placeholder: "D",
    minimum: 100,
    help: "replace a process or thread that gives no sign of life for D (default 5s)",
  },
];

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
  return { model, pool, supervision: { hangMs, pingMs: Math.max(25, hangMs / 5) } };
}
