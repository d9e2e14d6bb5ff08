/**
 * Scripted peers: `script:send=hi%0d%0a&expect=QUIT&wait=50ms&close`.
 * @module
 */

import type { ScriptAddress, ScriptStep } from "../core/address.ts";
import { quote } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import { ValueError } from "./fault.ts";
import { decodeBytes, decodeText, encodeBytes } from "./percent.ts";
import { readQuery } from "./query.ts";
import type { Body, Source } from "./source.ts";
import { formatDuration, parseDuration } from "./units.ts";

const stepNames = ["send", "expect", "wait", "close", "abort", "end"] as const;

/**
 * Reads the steps, in order, and the options after `?`.
 *
 * @throws {AddressError} for an unknown step, and for more than the limit `script-steps`
 */
export function readScript(body: Body): ScriptAddress {
  const { source, passive, start } = body;
  const end = source.find("?", start, source.text.length);
  if (start === end) throw source.error(start, "no steps", "write send=TEXT, expect=TEXT or close");
  const limit = source.limits["script-steps"];
  const steps: ScriptStep[] = [];
  for (let at = start; at <= end;) {
    const stop = source.find("&", at, end);
    if (steps.length === limit) {
      const hint = "raise it with --limit script-steps=N";
      throw source.error(at, `more than ${limit} steps (limit script-steps)`, hint);
    }
    steps.push(readStep(source, at, stop));
    at = stop + 1;
  }
  const options = readQuery(source, end + 1, source.text.length);
  return { scheme: "script", passive, steps, options };
}

function readStep(source: Source, start: number, end: number): ScriptStep {
  const equals = source.find("=", start, end);
  const word = source.text.slice(start, equals);
  const step = stepNames.find((name) => name === word);
  if (step === undefined) throw unknownStep(source, start, word);
  const takesValue = step === "send" || step === "expect" || step === "wait";
  if (takesValue !== equals < end) {
    throw takesValue
      ? source.error(equals, `${step} needs a value`, `write ${step}=`)
      : source.error(equals, `${step} takes no value`);
  }
  switch (step) {
    case "send":
    case "expect":
      return { step, bytes: decodeBytes(source, equals + 1, end) };
    case "wait":
      return { step, durationMs: readWait(source, equals + 1, end) };
    default:
      return { step };
  }
}

function readWait(source: Source, start: number, end: number): number {
  try {
    return parseDuration(decodeText(source, start, end));
  } catch (thrown) {
    if (!(thrown instanceof ValueError)) throw thrown;
    throw source.error(start, `wait: ${thrown.reason}`, thrown.hint);
  }
}

function unknownStep(source: Source, start: number, word: string): Error {
  const near = nearest(word, stepNames);
  const hint = near === undefined ? `steps are ${stepNames.join(", ")}` : `did you mean ${near}?`;
  const what = word === "" ? "an empty step" : `unknown step ${quote(word)}`;
  return source.error(start, what, hint);
}

/** Prints the steps. */
export function formatSteps(steps: readonly ScriptStep[]): string {
  return steps.map(formatStep).join("&");
}

function formatStep(step: ScriptStep): string {
  switch (step.step) {
    case "send":
    case "expect":
      return `${step.step}=${encodeBytes(step.bytes)}`;
    case "wait":
      return `wait=${formatDuration(step.durationMs)}`;
    default:
      return step.step;
  }
}
