/**
 * What was thrown -> one line or one object, and the exit status.
 * @module
 */

import { type Attempt, NetError, toNetError } from "../core/error.ts";
import { statusOfError } from "./exit.ts";

/** A failure, ready to be shown. */
export interface Failure {
  readonly exitStatus: number;
  /** Without the `plumb: ` before it; "" where nothing is to be said (Ctrl-C). */
  readonly line: string;
  /** Fields of `{"event":"error"}`; always all of them, null where there is none. */
  readonly fields: {
    readonly op: string;
    readonly address: string | null;
    readonly code: string | null;
    readonly message: string;
    readonly exitStatus: number;
    readonly attempts: readonly Attempt[];
  };
  /** Stack and causes, for `-vv`. */
  readonly stack: readonly string[];
}

/** Describes what ended a command. */
export function describeFailure(thrown: unknown): Failure {
  const first = foreseen(primary(thrown));
  const stack = stackOf(thrown);
  if (!(first instanceof NetError) || first.kind === "unexpected") return bug(first, stack);
  const exitStatus = statusOfError(first);
  return {
    exitStatus,
    // Who pressed Ctrl-C knows.
    line: first.kind === "signal" ? "" : first.message,
    fields: {
      op: first.op,
      address: first.address ?? null,
      code: first.code ?? commonCode(first.attempts),
      message: first.hint === undefined ? first.reason : `${first.reason}; ${first.hint}`,
      exitStatus,
      attempts: first.attempts.map(({ durationMs, ...one }) => ({
        ...one,
        ...(durationMs === undefined ? {} : { durationMs: Math.round(durationMs * 1000) / 1000 }),
      })),
    },
    stack,
  };
}

/** Where all of several addresses failed alike, a program need not look at each. */
function commonCode(attempts: readonly Attempt[]): string | null {
  const code = attempts[0]?.code ?? null;
  return attempts.every((attempt) => attempt.code === code) ? code : null;
}

/** Nothing that was not foreseen hides behind a friendly word. */
function bug(thrown: unknown, stack: readonly string[]): Failure {
  const known = thrown instanceof NetError;
  const what = thrown instanceof Error ? `${known ? "" : `${thrown.name}: `}${thrown.message}` : "";
  const message = what || String(thrown);
  const hint = "this is a bug in plumb: run it again with -vv and report what it prints";
  return {
    exitStatus: 1,
    line: `${message}; ${hint}`,
    fields: {
      op: known ? thrown.op : "run",
      address: (known ? thrown.address : undefined) ?? null,
      code: (known ? thrown.code : undefined) ?? null,
      message: `${known ? thrown.reason : message}; ${hint}`,
      exitStatus: 1,
      attempts: known ? thrown.attempts : [],
    },
    stack,
  };
}

/** A permission that the runtime was not given is nobody's bug, wherever it was missed. */
function foreseen(thrown: unknown): unknown {
  return thrown instanceof Error && thrown.name === "NotCapable"
    ? toNetError(thrown, "run")
    : thrown;
}

/** Where closing failed after something else had (`await using`), the first failure is the cause. */
function primary(thrown: unknown): unknown {
  let first = thrown;
  for (let depth = 0; depth < 100 && first instanceof SuppressedError; depth++) {
    first = first.suppressed;
  }
  return first;
}

function stackOf(thrown: unknown): string[] {
  const lines: string[] = [];
  let at: unknown = thrown;
  for (let depth = 0; depth < 10 && at instanceof Error; depth++) {
    if (depth > 0) lines.push("caused by:");
    lines.push(...(at.stack ?? String(at)).split("\n"));
    at = at instanceof SuppressedError ? at.suppressed : at.cause;
  }
  return lines;
}
