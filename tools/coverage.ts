/**
 * Line coverage of `lib/` from what the tests left, by room. The runtime's own threshold also
 * counts branches and functions; the promise of this project is lines.
 * @module
 */

import { root } from "./stage.ts";

/** Covered and all lines. */
export interface Lines {
  hit: number;
  all: number;
}

/** Lines by file, the path relative to the root, from a report in lcov's format. */
export function parseLcov(report: string, base: string): Map<string, Lines> {
  const files = new Map<string, Lines>();
  let file = "";
  for (const line of report.split("\n")) {
    const [tag, value = ""] = [line.slice(0, 3), line.slice(3)];
    if (tag === "SF:") {
      file = value.startsWith(base) ? value.slice(base.length) : value;
      files.set(file, { hit: 0, all: 0 });
    } else if (tag === "DA:") {
      const lines = files.get(file);
      if (lines === undefined) throw new SyntaxError(`lcov: a DA record before any SF: ${line}`);
      lines.all++;
      if (Number(value.split(",")[1]) > 0) lines.hit++;
    }
  }
  return files;
}

/** Sums of the files of each room under `lib/`. */
export function byRoom(files: ReadonlyMap<string, Lines>): Map<string, Lines> {
  const rooms = new Map<string, Lines>();
  for (const [file, lines] of files) {
    const [top, room = ""] = file.split("/");
    if (top !== "lib") continue;
    const sum = rooms.get(room) ?? { hit: 0, all: 0 };
    rooms.set(room, { hit: sum.hit + lines.hit, all: sum.all + lines.all });
  }
  return new Map([...rooms].sort(([a], [b]) => a.localeCompare(b)));
}

/** Hits of a hundred lines; nothing to cover is all covered. */
export function percent({ hit, all }: Lines): number {
  return all === 0 ? 100 : 100 * hit / all;
}

/** A program that is killed may leave a profile that is empty or half written: it is removed. */
async function removeBroken(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".json")) continue;
    using file = await Deno.open(`${folder}/${name}`);
    const { size } = await file.stat();
    const last = new Uint8Array(1);
    await file.seek(Math.max(0, size - 1), Deno.SeekMode.Start);
    if (await file.read(last) === 1 && last[0] === "}".charCodeAt(0)) continue;
    await Deno.remove(`${folder}/${name}`);
  }
}

/** Merges the raw profiles of a folder into lines by file. */
export async function readCoverage(folder: string): Promise<Map<string, Lines>> {
  await removeBroken(folder);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["coverage", "--lcov", `--include=^file://${root}lib/`, folder],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`deno coverage: ${new TextDecoder().decode(stderr)}`);
  return parseLcov(new TextDecoder().decode(stdout), root);
}
