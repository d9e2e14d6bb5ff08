/**
 * The examples of README.md, run as a reader would type them. The format is that of
 * tests/support/transcript.ts.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { killTree } from "../../tools/descendants.ts";
import { freeTcpPort } from "../support/ports.ts";
import { plumbCommand, root, run, type RunningProcess, start } from "../support/process.ts";
import {
  linePattern,
  outputPattern,
  type Step,
  type Transcript,
  transcripts,
  withPorts,
} from "../support/transcript.ts";

const examples = transcripts(await readme());

async function readme(): Promise<string> {
  try {
    return await Deno.readTextFile(`${root}README.md`);
  } catch (error) {
    // The test below says what is missing.
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

Deno.test("README.md has at least ten examples that run", () => {
  assert(examples.length >= 10, `${examples.length} blocks marked "sh run"`);
});

for (const example of examples) {
  const title = example.steps.map((step) => step.command).join("; ");
  Deno.test(`README.md:${example.line}: ${title.slice(0, 100)}`, () => play(example));
}

/** Runs a block in a folder of its own, with `plumb` on the path. */
async function play(example: Transcript): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "plumb-readme-" });
  const background: RunningProcess[] = [];
  try {
    const env = { PATH: `${await installWrapper(folder)}:${Deno.env.get("PATH") ?? ""}` };
    const ports = new Map<number, number>();
    const free = (port: number) => {
      const known = ports.get(port) ?? freeTcpPort();
      ports.set(port, known);
      return known;
    };
    const cwd = `${folder}/work`;
    await Deno.mkdir(cwd);
    for (const step of withPorts(example, free).steps) {
      if (step.background) await playBackground(step, background, { env, cwd });
      else await playForeground(step, { env, cwd });
    }
  } finally {
    for (const child of background) {
      killTree(child.pid);
      await child[Symbol.asyncDispose]();
    }
    await Deno.remove(folder, { recursive: true });
  }
}

/** Where and with what a step runs. */
interface Place {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

async function playForeground(step: Step, place: Place): Promise<void> {
  const { code, stdout } = await run(shell(step), { ...place, timeoutMs: 30_000 });
  assertMatch(stdout, outputPattern(step), `${step.command}\nsaid:\n${stdout}`);
  assertEquals(code, step.exitStatus, `${step.command}\nsaid:\n${stdout}`);
}

async function playBackground(step: Step, into: RunningProcess[], place: Place): Promise<void> {
  // Its input is held open, as a terminal's would be.
  const child = start(shell(step), { ...place, stdin: "open" });
  into.push(child);
  for (const line of step.lines) {
    if (line !== "...") await child.stdoutLine(new RegExp(`^${linePattern(line)}$`));
  }
}

/** Output and errors on one pipe, so that their order is the one that a reader sees. */
function shell(step: Step): string[] {
  return ["bash", "-c", `exec 2>&1\n${step.command}`];
}

async function installWrapper(folder: string): Promise<string> {
  const words = plumbCommand.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(`${folder}/bin/plumb`, `#!/bin/sh\nexec ${words} "$@"\n`, {
    mode: 0o755,
  });
  return `${folder}/bin`;
}
