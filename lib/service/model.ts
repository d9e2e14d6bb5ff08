/**
 * The server models: text <-> value. Who serves the sessions of a server, and how many at a time.
 * @module
 */

import { NetError } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";

/** Who serves the sessions of a server. */
export type Model =
  /** One event loop, many sessions: the default. */
  | { readonly kind: "loop" }
  /** One event loop, one session at a time; the others wait in the backlog. */
  | { readonly kind: "iterative" }
  /** A process for each session, ended after it. */
  | { readonly kind: "process"; readonly spare: number }
  /** Long-lived processes that accept from one listener. */
  | { readonly kind: "prefork"; readonly count: number }
  /** A thread for each session, used again after it. */
  | { readonly kind: "thread"; readonly spare: number }
  /** Long-lived threads that accept from one listener. */
  | { readonly kind: "threads"; readonly count: number }
  /** Sessions as tasks of an elastic pool of threads. */
  | { readonly kind: "pool"; readonly minimum: number; readonly maximum: number };

/** What `--model` takes, with what it is; for help and for errors. */
export const modelForms = {
  "loop": "one event loop serves all (default)",
  "iterative": "one client at a time, the others wait in the backlog",
  "process": "a process for each session, from --spare ready ones",
  "prefork=N": "N processes that accept from one listener, supervised",
  "thread": "a thread for each session, from --spare ready ones, used again",
  "threads=N": "N threads that accept from one listener",
  "pool=MIN..MAX": "sessions as tasks for an elastic pool of threads",
} as const;

/** Ready processes or threads, where nobody says how many. */
export const defaultSpare = 2;

/** More would each take a part of the machine, and none of them a part that is worth anything. */
const mostWorkers = 1_024;

/** A model of more than one process or thread: their sessions are served elsewhere. */
export type FarModel = Exclude<Model, { readonly kind: "loop" | "iterative" }>;

/** True where sessions are served by other processes or threads than the one that listens. */
export function isFar(model: Model): model is FarModel {
  return model.kind !== "loop" && model.kind !== "iterative";
}

/**
 * Reads `prefork=4`, `pool=3..100` and the others.
 *
 * @param spare ready processes or threads, for the models that have them; default 2
 * @throws {NetError} kind "usage": unknown (naming the nearest), a number out of range, `pool=9..3`,
 * or a `spare` for a model that has none
 */
export function parseModel(text: string, spare?: number): Model {
  const [kind = "", argument] = splitOnce(text);
  if (spare !== undefined && kind !== "process" && kind !== "thread") {
    throw fault(`--spare goes with process and thread, not with ${text}`);
  }
  switch (kind) {
    case "loop":
    case "iterative":
      refuseArgument(kind, argument);
      return { kind };
    case "process":
    case "thread":
      refuseArgument(kind, argument);
      return { kind, spare: inRange(`--spare ${spare ?? defaultSpare}`, spare ?? defaultSpare, 1) };
    case "prefork":
    case "threads":
      return { kind, count: readCount(kind, argument) };
    case "pool":
      return { kind, ...readRange(argument) };
  }
  const near = nearest(kind, Object.keys(modelForms).map((form) => splitOnce(form)[0] ?? form));
  const hint = near === undefined
    ? `one of ${Object.keys(modelForms).join(", ")}`
    : `did you mean ${near}?`;
  throw fault(`unknown model ${JSON.stringify(text)}`, hint);
}

/** The text that `parseModel` reads; `spare` is not in it. */
export function formatModel(model: Model): string {
  switch (model.kind) {
    case "prefork":
    case "threads":
      return `${model.kind}=${model.count}`;
    case "pool":
      return `pool=${model.minimum}..${model.maximum}`;
    default:
      return model.kind;
  }
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function refuseArgument(kind: string, argument: string | undefined): void {
  if (argument !== undefined) throw fault(`${kind} takes no =${argument}`);
}

function readCount(kind: string, argument: string | undefined): number {
  if (argument === undefined) throw fault(`${kind} needs a number`, `write ${kind}=4`);
  return inRange(`${kind}=${argument}`, /^\d+$/.test(argument) ? Number(argument) : NaN, 1);
}

function readRange(argument: string | undefined): { minimum: number; maximum: number } {
  const [, low, high] = /^(\d+)\.\.(\d+)$/.exec(argument ?? "") ?? [];
  if (low === undefined || high === undefined) {
    throw fault("pool needs two numbers", "write pool=3..100");
  }
  const [minimum, maximum] = [Number(low), Number(high)];
  inRange(`pool=${argument}`, minimum, 1);
  inRange(`pool=${argument}`, maximum, 1);
  if (minimum > maximum) throw fault(`pool=${argument}: ${minimum} is more than ${maximum}`);
  return { minimum, maximum };
}

function inRange(text: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value <= mostWorkers) return value;
  throw fault(`${text}: not a number from ${least} to ${mostWorkers}`);
}

function fault(message: string, hint?: string): NetError {
  return new NetError({ kind: "usage", op: "model", message, ...(hint && { hint }) });
}
