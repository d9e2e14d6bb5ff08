/**
 * What `deno task check` and `deno task test` look at before any test runs.
 * @module
 */

import { root, type Stage } from "./stage.ts";

/** All code, as far as it is there. */
const code = ["README.md", "lib", "main.ts", "mod.ts", "tests", "tools"];

/** Formatting, lint and types: what an editor shows, for everything. */
export async function quickStages(): Promise<Stage[]> {
  const present: string[] = [];
  for await (const entry of Deno.readDir(root)) {
    if (code.includes(entry.name)) present.push(entry.name);
  }
  return [
    { name: "formatting", args: ["fmt", "--check"], timeoutMs: 60_000 },
    { name: "lint", args: ["lint", "--quiet"], timeoutMs: 60_000 },
    // The examples in docstrings and in the README are code: checked with the rest.
    {
      name: "types",
      args: ["check", "--quiet", "--frozen", "--doc", ...present.sort()],
      timeoutMs: 180_000,
    },
  ];
}

/** The documentation, and what a registry would refuse. */
export const publicStages: readonly Stage[] = [
  {
    name: "documentation lint",
    args: ["doc", "--lint", "mod.ts"],
    timeoutMs: 60_000,
    needs: "mod.ts",
  },
  {
    // Refuses slow types. A dirty tree is no fault here: this is a check, nothing is published.
    name: "publish without slow types",
    args: ["publish", "--dry-run", "--allow-dirty", "--no-check"],
    timeoutMs: 60_000,
    needs: "mod.ts",
  },
];
