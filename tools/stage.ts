/**
 * One stage of a task: a command that is run to its end, its output kept and shown only when it
 * fails, its time said. A command that hangs is killed with all its descendants.
 * @module
 */

import { killTree } from "./descendants.ts";

/** The root of the checkout, with a slash at its end. */
export const root: string = new URL("../", import.meta.url).pathname;

/** A command line of the runtime that runs this very script: PATH may hold none, or another. */
export interface Stage {
  readonly name: string;
  /** Arguments of the runtime. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** A file or folder without which there is nothing to do yet; relative to the root. */
  readonly needs?: string;
}

/** What came of a stage. */
export interface Outcome {
  readonly name: string;
  readonly state: "ok" | "failed" | "skipped";
  readonly seconds: number;
  readonly output: string;
}

/** Writes to standard output at once, in order with the output of the stages. */
export function say(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** Runs a stage, says how it went, shows its output when it failed. */
export async function runStage(stage: Stage): Promise<Outcome> {
  sayName(stage);
  const outcome = await attempt(stage);
  sayOutcome(outcome);
  return outcome;
}

/** Runs stages side by side; of several is said how each went as soon as it has ended. */
export async function runTogether(stages: readonly Stage[]): Promise<Outcome[]> {
  if (stages.length === 1) return await Promise.all(stages.map(runStage));
  return await Promise.all(stages.map(async (stage) => {
    const outcome = await attempt(stage);
    sayName(stage);
    sayOutcome(outcome);
    return outcome;
  }));
}

function sayName({ name }: Stage): void {
  say(`${name} `.padEnd(30, "."));
}

function sayOutcome({ state, seconds, output }: Outcome): void {
  say(` ${state.padEnd(7)} ${seconds.toFixed(1).padStart(6)} s\n`);
  if (state === "failed") say(`\n${indent(output)}\n\n`);
}

async function attempt(stage: Stage): Promise<Outcome> {
  const began = performance.now();
  const done = (state: Outcome["state"], output: string): Outcome => {
    return { name: stage.name, state, seconds: (performance.now() - began) / 1000, output };
  };
  if (stage.needs !== undefined && !await exists(stage.needs)) {
    return done("skipped", `there is no ${stage.needs}`);
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: [...stage.args],
    cwd: root,
    env: { NO_COLOR: "1", RUST_BACKTRACE: "0", DENO_NO_UPDATE_CHECK: "1", ...stage.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killTree(child.pid);
  }, stage.timeoutMs);
  const { success, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (late) return done("failed", `${output}\nkilled after ${stage.timeoutMs / 1000} s`);
  return done(success ? "ok" : "failed", output);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(root + path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function indent(text: string): string {
  // The runner's progress is one dot a line where there is no terminal: of no use afterwards.
  return text.replace(/^(?:[.,!]\n)+/gm, "").trimEnd().split("\n").map((line) => `    ${line}`)
    .join("\n");
}
