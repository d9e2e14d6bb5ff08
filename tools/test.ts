/**
 * `deno task test [WORD...]`: everything that must hold, stage by stage; the last line is
 * `N passed, N failed, N skipped`. With words, only the test files whose path holds one of them,
 * and no coverage.
 * @module
 */

import { byRoom, percent, readCoverage } from "./coverage.ts";
import { parseJunit, slowestFiles, type TestCase, uncaughtErrors } from "./junit.ts";
import { type Outcome, root, runStage, runTogether, say, type Stage } from "./stage.ts";
import { publicStages, quickStages } from "./stages.ts";

/** What the lines of lib/ must reach, in percent. */
const coverageFloor = 90;

/** Processes that share the serial files: as many as the smallest machine has cores. */
const serialProcesses = 2;

/** Folders of `tests/` that have tasks of their own. */
const elsewhere = ["bench", "soak"];

/** A test run: a stage that leaves a report. */
interface TestRun extends Stage {
  readonly report: string;
}

const began = performance.now();
const words = Deno.args;
const work = await Deno.makeTempDir({ prefix: "plumb-test-" });
let exitCode = 1;
try {
  exitCode = await main();
} finally {
  await Deno.remove(work, { recursive: true });
}
Deno.exit(exitCode);

async function main(): Promise<number> {
  const outcomes: Outcome[] = [];
  const cases: TestCase[] = [];
  if (words.length === 0) {
    for (const stage of [...await quickStages(), ...publicStages]) {
      outcomes.push(await runStage(stage));
    }
  }
  for (const runs of await testRuns()) {
    for (const [at, outcome] of (await runTogether(runs)).entries()) {
      const report = await readReport(runs[at]?.report ?? "");
      const found = [...report, ...uncaughtErrors(outcome.output)];
      cases.push(...found);
      // The cases of a run speak for it, unless it failed without any of them failing.
      const silent = outcome.state === "failed" && !found.some(({ state }) => state === "failed");
      if (silent || outcome.state === "skipped") outcomes.push(outcome);
    }
  }
  if (words.length === 0) outcomes.push(await coverageOutcome());
  return summary(outcomes, cases);
}

/**
 * Parallel files (threads of one process), then the ones that count what their process holds (in
 * processes side by side), then the examples. Runs of one group go side by side.
 */
async function testRuns(): Promise<TestRun[][]> {
  const files = (await testFiles()).filter((file) => {
    return words.length === 0 || words.some((word) => file.includes(word));
  });
  // A file that counts descriptors, children or memory says so by its name: it shares no process
  // with a file that runs at the same time.
  const serial = files.filter((file) => file.endsWith("_serial_test.ts"));
  const parallel = files.filter((file) => !serial.includes(file));
  const runs: TestRun[][] = [];
  if (parallel.length > 0) {
    runs.push([testRun(`${parallel.length} test files`, ["--parallel", ...parallel], 900_000)]);
  }
  const shares = Array.from({ length: serialProcesses }, (_, share) => {
    return serial.filter((_, at) => at % serialProcesses === share);
  }).filter((files) => files.length > 0);
  // Without coverage, whose counters would be in the memory that they count.
  const serialRuns = shares.map((files, at) => {
    return testRun(`${files.length} serial files (${at + 1})`, files, 600_000, false);
  });
  if (serialRuns.length > 0) runs.push(serialRuns);
  if (words.length === 0) {
    // An example cannot open libc for the process before it begins, as test files do by an import.
    const preload = "--preload=tests/support/libc.ts";
    const examples = [preload, "--doc", "lib", "mod.ts", "README.md"];
    runs.push([{ ...testRun("examples", examples, 300_000), needs: "mod.ts" }]);
  }
  return runs;
}

function testRun(
  name: string,
  args: readonly string[],
  timeoutMs: number,
  covered = words.length === 0,
): TestRun {
  const coverage = `${work}/coverage`;
  const report = `${work}/${name.replaceAll(" ", "-")}.xml`;
  return {
    name,
    report,
    timeoutMs,
    args: [
      "test",
      "--allow-all",
      "--frozen",
      // Types were a stage of their own.
      "--no-check",
      "--reporter=dot",
      `--junit-path=${report}`,
      ...(covered ? [`--coverage=${coverage}`, "--coverage-raw-data-only"] : []),
      ...args,
    ],
  };
}

async function testFiles(): Promise<string[]> {
  const files: string[] = [];
  const walk = async (folder: string) => {
    for await (const entry of Deno.readDir(root + folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory && !elsewhere.includes(entry.name)) await walk(path);
      else if (entry.name.endsWith("_test.ts")) files.push(path);
    }
  };
  await walk("tests");
  return files.sort();
}

async function readReport(path: string): Promise<TestCase[]> {
  try {
    return parseJunit(await Deno.readTextFile(path));
  } catch (error) {
    // Killed or crashed before it wrote one; the stage has failed then, and counts.
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function coverageOutcome(): Promise<Outcome> {
  const start = performance.now();
  const rooms = byRoom(await readCoverage(`${work}/coverage`));
  const sum = { hit: 0, all: 0 };
  for (const lines of rooms.values()) {
    sum.hit += lines.hit;
    sum.all += lines.all;
  }
  const ok = percent(sum) >= coverageFloor;
  const list = [...rooms].map(([room, lines]) => `${room} ${percent(lines).toFixed(1)}`).join(", ");
  say(
    `\ncoverage of lib/: ${percent(sum).toFixed(1)}% of ${sum.all} lines ` +
      `(at least ${coverageFloor}%): ${ok ? "ok" : "FAILED"}\n  ${list}\n`,
  );
  const seconds = (performance.now() - start) / 1000;
  return { name: "coverage", state: ok ? "ok" : "failed", seconds, output: "" };
}

/** Says what there is to say, the counts last; gives the exit status. */
function summary(outcomes: readonly Outcome[], cases: readonly TestCase[]): number {
  const count = (state: TestCase["state"], stages: Outcome["state"]) =>
    cases.filter((entry) => entry.state === state).length +
    outcomes.filter((outcome) => outcome.state === stages).length;

  const slowest = slowestFiles(cases).filter(({ seconds }) => seconds >= 0.5).slice(0, 10);
  if (slowest.length > 0) say("\nslowest files:\n");
  for (const { file, seconds } of slowest) say(`  ${seconds.toFixed(1).padStart(5)} s  ${file}\n`);

  const skipped = [
    ...outcomes.filter((outcome) => outcome.state === "skipped")
      .map((outcome) => `${outcome.name} (${outcome.output})`),
    ...cases.filter((entry) => entry.state === "skipped")
      .map((entry) => `${entry.file}: ${entry.name}`),
  ];
  if (skipped.length > 0) say(`\nskipped:\n${skipped.map((line) => `  ${line}\n`).join("")}`);

  const failures = [
    ...outcomes.filter((outcome) => outcome.state === "failed").map((outcome) => outcome.name),
    ...cases.filter((entry) => entry.state === "failed")
      .map((entry) => `${entry.file}: ${entry.name}`),
  ];
  if (failures.length > 0) say(`\nfailed:\n${failures.map((line) => `  ${line}\n`).join("")}`);

  say(`\ntook ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  const failed = count("failed", "failed");
  say(
    `${count("passed", "ok")} passed, ${failed} failed, ${count("skipped", "skipped")} skipped\n`,
  );
  return failed === 0 ? 0 : 1;
}
