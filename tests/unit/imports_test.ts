/**
 * Who may import whom. The table is here as data, in lib/README.md as text, and both must agree
 * with each other and with every import edge of the project.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { root } from "../support/process.ts";
import {
  entryFiles,
  findCycle,
  type ImportEdge,
  importEdges,
  nameUses,
  sourceFiles,
} from "../support/project_source.ts";

/** What a room may import beside its own files. */
interface RoomRule {
  readonly rooms: readonly string[];
  /** Packages from outside, by the name that deno.json gives them. */
  readonly packages: readonly string[];
  /** Modules of node: that it may use; "any" where it stands before the operating system. */
  readonly builtins: readonly string[] | "any";
}

const beforeApi = [
  "core",
  "address",
  "wire",
  "sys",
  "transport",
  "stream",
  "link",
  "service",
  "measure",
];

const table: Readonly<Record<string, RoomRule>> = {
  core: { rooms: [], packages: [], builtins: [] },
  address: { rooms: ["core"], packages: [], builtins: [] },
  wire: { rooms: ["core"], packages: ["ipaddr.js"], builtins: ["node:crypto"] },
  sys: { rooms: ["core"], packages: [], builtins: "any" },
  transport: { rooms: ["core", "address", "wire", "sys"], packages: [], builtins: "any" },
  stream: { rooms: ["core", "wire"], packages: [], builtins: [] },
  link: { rooms: ["core", "wire", "stream"], packages: [], builtins: [] },
  measure: { rooms: ["core", "wire", "stream"], packages: ["hdr-histogram-js"], builtins: [] },
  service: {
    rooms: ["core", "wire", "stream", "link"],
    packages: ["hono", "prom-client", "fast-xml-parser"],
    builtins: "any",
  },
  api: { rooms: beforeApi, packages: [], builtins: [] },
  cli: {
    rooms: [...beforeApi, "api"],
    packages: ["@std/cli", "@logtape/logtape", "smol-toml"],
    builtins: "any",
  },
};

/** What the two files at the root may import: the spark, and the library's face. */
const entries: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["core", "sys", "cli"],
  "mod.ts": ["core", "address", "sys", "transport", "stream", "link", "service", "measure", "api"],
};

/** Rooms that stand before the operating system, and may say `Deno`. */
const denoRooms = ["transport", "sys", "reactor"];

/** Files elsewhere that start processes or workers, or hand the process inward. */
const denoFiles: readonly string[] = [
  "main.ts",
  "lib/api/far_main.ts",
  "lib/service/far_link.ts",
  "lib/service/pool_worker.ts",
];

const edges = await importEdges([...await entryFiles(), ...await sourceFiles("lib")]);

function roomOf(file: string): string {
  const [top, room = ""] = file.split("/");
  return top === "lib" ? room : file;
}

/** What is wrong with an edge, or null. */
function objection(edge: ImportEdge): string | null {
  const room = roomOf(edge.from);
  const entry = entries[edge.from];
  const rule = table[room] ?? (entry && { rooms: entry, packages: [], builtins: [] });
  if (rule === undefined) return `${edge.from}: no rule for lib/${room}`;
  const refused = `${edge.from} may not import ${edge.specifier}`;
  if (edge.file !== null) {
    const target = roomOf(edge.file);
    return target === room || rule.rooms.includes(target) ? null : refused;
  }
  if (edge.specifier.startsWith("node:")) {
    const allowed = rule.builtins === "any" || rule.builtins.includes(edge.specifier);
    return allowed ? null : refused;
  }
  return rule.packages.includes(packageOf(edge.specifier)) ? null : refused;
}

/** `@std/cli/parse-args` is of `@std/cli`; a raw `npm:` specifier is of no package of deno.json. */
function packageOf(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

Deno.test("every import edge is one that the table allows", () => {
  assertEquals(edges.map(objection).filter((text) => text !== null), []);
});

Deno.test("an edge that the table does not name is refused", () => {
  const refused: ImportEdge[] = [
    { from: "lib/core/clock.ts", file: "lib/sys/host.ts", specifier: "../sys/host.ts" },
    { from: "lib/wire/x.ts", file: null, specifier: "node:net" },
    { from: "lib/stream/x.ts", file: null, specifier: "npm:left-pad@1.0.0" },
    { from: "lib/api/x.ts", file: "lib/cli/run.ts", specifier: "../cli/run.ts" },
    { from: "lib/attic/x.ts", file: "lib/attic/y.ts", specifier: "./y.ts" },
    { from: "mod.ts", file: "lib/cli/run.ts", specifier: "./lib/cli/run.ts" },
  ];
  for (const edge of refused) assert(objection(edge) !== null, edge.from);
});

Deno.test("no file imports itself by way of others", () => {
  assertEquals(findCycle(edges)?.join(" -> ") ?? null, null);
});

Deno.test("a cycle is found, also behind a diamond", () => {
  const edge = (from: string, file: string): ImportEdge => ({ from, file, specifier: file });
  const diamond = [edge("a", "b"), edge("a", "c"), edge("b", "d"), edge("c", "d")];
  assertEquals(findCycle(diamond), null);
  assertEquals(findCycle([...diamond, edge("d", "b")]), ["b", "d", "b"]);
});

Deno.test("Deno is named only where the operating system is met", async () => {
  const inward = [...await entryFiles(), ...await sourceFiles("lib")].filter((file) => {
    return !denoRooms.includes(roomOf(file)) && !denoFiles.includes(file);
  });
  const uses = await Promise.all(inward.map((file) => nameUses(file, ["Deno"])));
  assertEquals(uses.flat().map(({ file, line }) => `${file}:${line}`), []);
});

Deno.test("lib/README.md shows this very table", async () => {
  const text = await Deno.readTextFile(`${root}lib/README.md`);
  const rows = [...text.matchAll(/^\| `(\w+)` +\|[^|]*\|([^|]*)\|([^|]*)\|$/gm)];
  const shown = rows.map(([, room = ""]) => room);
  assertEquals(shown, Object.keys(table), "the rooms, in the order of the page");
  for (const [index, [, room = "", rooms = "", packages = ""]] of rows.entries()) {
    const rule = table[room];
    assert(rule !== undefined);
    assertEquals(roomsInWords(rooms.trim(), shown, index).sort(), [...rule.rooms].sort(), room);
    if (packages.trim() !== "what a scheme needs") {
      assertEquals(packagesInWords(packages.trim()), rule.packages, room);
    }
  }
});

function roomsInWords(words: string, all: readonly string[], index: number): string[] {
  if (words === "nothing") return [];
  if (words === "all above") return all.slice(0, index);
  if (words === "everything") return all.filter((_, at) => at !== index);
  return words.split(" ");
}

function packagesInWords(words: string): string[] {
  if (words.startsWith("none")) return [];
  return words.split(", ").map((name) => name === "LogTape" ? "@logtape/logtape" : name);
}
