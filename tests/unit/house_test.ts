/**
 * The measures of the house: where files lie, what they are called, how long they are, and that
 * time comes from the clock that is handed in.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { root } from "../support/process.ts";
import { entryFiles, nameUses, sourceFiles } from "../support/project_source.ts";

/** Names that say nothing about what is inside. */
const forbiddenNames = ["util", "utils", "helper", "helpers", "common", "misc", "type", "types"];

/** The one file that reads the time and sets timers. */
const clockFile = "lib/core/clock.ts";

const lib = await sourceFiles("lib");
const around = [...await sourceFiles("tests"), ...await sourceFiles("tools")];

async function lineCounts(
  files: readonly string[],
): Promise<Array<{ file: string; lines: number }>> {
  const counts = await Promise.all(files.map(async (file) => {
    return { file, lines: (await Deno.readTextFile(root + file)).split("\n").length - 1 };
  }));
  return counts.sort((a, b) => a.lines - b.lines);
}

Deno.test("lib is one folder deep, commands of the command line two", () => {
  const tooDeep = lib.filter((file) => {
    return file.split("/").length !== (file.startsWith("lib/cli/commands/") ? 4 : 3);
  });
  assertEquals(tooDeep, []);
});

Deno.test("no file or folder has a name that says nothing", () => {
  const named = [...lib, ...around].filter((file) => {
    return file.split("/").some((part) => forbiddenNames.includes(part.replace(/\..*$/, "")));
  });
  assertEquals(named, []);
});

Deno.test("files of lib are short: median 120 lines, nine in ten 300, none over 500", async () => {
  const counts = await lineCounts(lib);
  const at = (share: number) => counts[Math.ceil(counts.length * share) - 1]?.lines ?? 0;
  assertEquals(counts.filter(({ lines }) => lines > 500), []);
  assert(at(0.9) <= 300, `nine in ten: ${at(0.9)} lines; ${JSON.stringify(counts.slice(-10))}`);
  assert(at(0.5) <= 120, `median: ${at(0.5)} lines`);
});

Deno.test("no test or tool is longer than 500 lines", async () => {
  assertEquals((await lineCounts(around)).filter(({ lines }) => lines > 500), []);
});

Deno.test("main.ts is a spark: at most 20 lines", async () => {
  if (!(await entryFiles()).includes("main.ts")) return;
  const [main] = await lineCounts(["main.ts"]);
  assert((main?.lines ?? 0) <= 20, `${main?.lines} lines`);
});

Deno.test("every file of lib begins by saying what it is", async () => {
  const silent: string[] = [];
  for (const file of lib) {
    const text = await Deno.readTextFile(root + file);
    if (!/^\/\*\*[\s\S]*?@module[\s\S]*?\*\//.test(text)) silent.push(file);
  }
  assertEquals(silent, []);
});

Deno.test("time comes from the clock that is handed in", async () => {
  const clocks = [
    "Date.now",
    "new Date()",
    "performance.now",
    "setTimeout",
    "setInterval",
    "AbortSignal.timeout",
  ];
  const uses = await Promise.all(
    lib.filter((file) => file !== clockFile).map((file) => nameUses(file, clocks)),
  );
  assertEquals(uses.flat().map(({ file, line, name }) => `${file}:${line}: ${name}`), []);
});

Deno.test("no check of the compiler or of lint is switched off without a reason", async () => {
  const silent: string[] = [];
  for (const file of [...lib, ...around]) {
    const lines = (await Deno.readTextFile(root + file)).split("\n");
    for (const [index, line] of lines.entries()) {
      if (/^\s*\/\/ @ts-(ignore|nocheck)/.test(line)) silent.push(`${file}:${index + 1}`);
      if (!/^\s*(\/\/|\/\*) (deno-lint-ignore|@ts-expect-error)/.test(line)) continue;
      // A reason stands behind it, or in the comment line before it.
      const reasoned = / -- \S|: \S/.test(line) || /^\s*(\/\/|\*)/.test(lines[index - 1] ?? "");
      if (!reasoned) silent.push(`${file}:${index + 1}`);
    }
  }
  assertEquals(silent, []);
});
