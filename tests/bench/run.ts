/**
 * `deno task bench [NAME...] [--rounds=N] [--json[=FILE]]`: a table, and JSON to a file or, without
 * one, to standard output with the table on standard error. Exit status 0 whatever the figures say:
 * they depend on the machine. 1 when a benchmark could not be carried out.
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { find } from "../support/tools.ts";
import { type Benchmark, type Row, rowJson, rowText } from "./harness.ts";
import { heartbeats } from "./heartbeats.ts";
import { http } from "./http.ts";
import { idleMemory } from "./idle_memory.ts";
import { linkThroughput, linkTrip } from "./link.ts";
import { linkMachine } from "./link_machine.ts";
import { modelConnections, modelIdleMemory, modelProcessors, modelSpares } from "./models.ts";
import { relayThroughput, relayThroughputLean } from "./relay_throughput.ts";
import { relayRequests } from "./relay_requests.ts";
import { startup } from "./startup.ts";
import { udp } from "./udp.ts";
import { watching } from "./watch.ts";

const benchmarks: readonly Benchmark[] = [
  relayThroughput,
  relayThroughputLean,
  relayRequests,
  startup,
  idleMemory,
  http,
  udp,
  modelConnections,
  modelProcessors,
  modelSpares,
  modelIdleMemory,
  linkThroughput,
  linkTrip,
  linkMachine,
  watching,
  heartbeats,
];

const unknown: string[] = [];
const flags = parseArgs(Deno.args, {
  string: ["json", "rounds"],
  boolean: ["help"],
  alias: { h: "help" },
  unknown: (word: string, key?: string) => key === undefined || (unknown.push(word), false),
});
const rounds = Number(flags["rounds"] ?? 3);
const json = typeof flags["json"] === "string" ? flags["json"] : null;
const words = flags._.map(String);
const chosen = benchmarks.filter(({ name }) => {
  return words.length === 0 || words.some((word) => name.includes(word));
});
const isUsable = chosen.length > 0 && Number.isInteger(rounds) && rounds >= 1;
if (!isUsable || unknown.length > 0 || flags["help"] === true) {
  const known = benchmarks.map(({ name, about }) => `  ${name.padEnd(22)} ${about}\n`).join("");
  const usage = `usage: deno task bench [NAME...] [--rounds=N] [--json[=FILE]]\n${known}`;
  const isAsked = flags["help"] === true;
  print(isAsked ? Deno.stdout : Deno.stderr, unknown.map((word) => `${word}?\n`).join("") + usage);
  Deno.exit(isAsked ? 0 : 2);
}

const rows: Row[] = [];
let broken = false;
for (const benchmark of chosen) {
  const row = await carryOut(benchmark);
  rows.push(row);
  print(json === "" ? Deno.stderr : Deno.stdout, `${rowText(row)}\n`);
}
if (json !== null) {
  const report = {
    schema: 1,
    time: new Date().toISOString(),
    machine: {
      cores: navigator.hardwareConcurrency,
      kernel: Deno.osRelease(),
      architecture: Deno.build.arch,
      deno: Deno.version.deno,
    },
    rounds,
    rows: rows.map(rowJson),
  };
  const text = `${JSON.stringify(report, null, 2)}\n`;
  if (json === "") print(Deno.stdout, text);
  else await Deno.writeTextFile(json, text);
}
Deno.exit(broken ? 1 : 0);

async function carryOut({ name, about, tools, run }: Benchmark): Promise<Row> {
  const title = `${name}: ${about}`;
  const none = { name: title, measured: [], claims: [] };
  const missing = tools.filter((tool) => find(tool) === null);
  if (missing.length > 0) return { ...none, skipped: `needs ${missing.join(", ")}` };
  const work = await Deno.makeTempDir({ prefix: "plumb-bench-" });
  try {
    return { name: title, ...await run(rounds, work) };
  } catch (error) {
    // The other benchmarks are still worth having.
    broken = true;
    return { ...none, skipped: error instanceof Error ? error.message : String(error) };
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

function print(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
}
