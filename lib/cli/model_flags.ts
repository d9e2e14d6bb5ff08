/**
 * The flags of server models. Rows only: the command table has them, and every start loads it.
 * @module
 */

import { modelForms } from "../service/model.ts";
import type { FlagRow } from "./flag.ts";

/** How each model begins: `loop`, `threads=`. */
export const modelBeginnings: readonly string[] = Object.keys(modelForms)
  .map((form) => form.replace(/=.*/, "="));

/** Flags of `serve` and of `relay` with a passive end. */
export const modelFlags: readonly FlagRow[] = [
  {
    name: "model",
    kind: "text",
    placeholder: "M",
    standard: "loop",
    suggestions: modelBeginnings,
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
    help: "replace a process or thread that gives no sign of life for D (default 10s)",
  },
];
