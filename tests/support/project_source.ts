/**
 * The project's own source as data: its files, its import graph, the names that it uses.
 * @module
 */

import { root } from "./process.ts";

/** Paths of all code files (no declarations) below a folder, relative to the root, sorted. */
export async function sourceFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(root + folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...await sourceFiles(path));
    else if (/(?<!\.d)\.ts$/.test(entry.name)) files.push(path);
  }
  return files.sort();
}

/** The files at the root that exist: `main.ts`, `mod.ts`. */
export async function entryFiles(): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(root)) {
    if (entry.name === "main.ts" || entry.name === "mod.ts") names.push(entry.name);
  }
  return names.sort();
}

/** One import of a file of the project; type-only and dynamic imports are edges as any other. */
export interface ImportEdge {
  /** The importing file, relative to the root. */
  readonly from: string;
  /** A file relative to the root, or null when it is from outside. */
  readonly file: string | null;
  /** As it is written. */
  readonly specifier: string;
}

interface GraphModule {
  readonly specifier: string;
  readonly error?: string;
  readonly dependencies?: ReadonlyArray<{
    readonly specifier: string;
    readonly code?: { readonly specifier?: string };
    readonly type?: { readonly specifier?: string };
  }>;
}

/**
 * Every import edge that leaves one of these files, as the runtime resolves it.
 *
 * @throws Error when the graph cannot be read
 */
export async function importEdges(files: readonly string[]): Promise<ImportEdge[]> {
  const base = `file://${root}`;
  // One entry that imports all: the runtime's `info` takes a single one.
  const entry = files.map((file) => `import ${JSON.stringify(base + file)};`).join("\n");
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "info",
      "--json",
      "--frozen",
      `data:application/typescript,${encodeURIComponent(entry)}`,
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`deno info: ${new TextDecoder().decode(stderr)}`);
  const graph: { modules: readonly GraphModule[] } = JSON.parse(new TextDecoder().decode(stdout));
  const edges: ImportEdge[] = [];
  for (const module of graph.modules) {
    if (!module.specifier.startsWith(base)) continue;
    const from = module.specifier.slice(base.length);
    // Ambient declarations: what they declare is no import.
    if (from.endsWith(".d.ts")) continue;
    // A module that is missing or broken fails the type check; its importers' edges still count.
    if (module.error !== undefined) continue;
    for (const { specifier, code, type } of module.dependencies ?? []) {
      const target = code?.specifier ?? type?.specifier ?? specifier;
      const file = target.startsWith(base) ? target.slice(base.length) : null;
      edges.push({ from, file, specifier });
    }
  }
  return edges;
}

/** A cycle of files (its first file again at the end), or null. */
export function findCycle(edges: readonly ImportEdge[]): string[] | null {
  const next = new Map<string, string[]>();
  for (const { from, file } of edges) {
    if (file !== null) next.set(from, [...next.get(from) ?? [], file]);
  }
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | null => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return null;
    path.push(file);
    for (const target of next.get(file) ?? []) {
      const cycle = visit(target);
      if (cycle !== null) return cycle;
    }
    path.pop();
    done.add(file);
    return null;
  };
  for (const file of next.keys()) {
    const cycle = visit(file);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** A use of a name: where, and the name. */
export interface NameUse {
  readonly file: string;
  readonly line: number;
  readonly name: string;
}

/**
 * Where a file uses any of these names: an identifier (`Deno`, `setTimeout`), or a member of one
 * (`Date.now`). Read from the syntax tree: comments and texts may say anything.
 */
export async function nameUses(file: string, names: readonly string[]): Promise<NameUse[]> {
  const source = await Deno.readTextFile(root + file);
  const plugin: Deno.lint.Plugin = {
    name: "house",
    rules: {
      names: {
        create(context) {
          const report = (node: Deno.lint.Node, name: string) => {
            if (names.includes(name)) context.report({ node, message: name });
          };
          return {
            Identifier: (node) => report(node, node.name),
            MemberExpression(node) {
              if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
              report(node, `${node.object.name}.${node.property.name}`);
            },
            NewExpression(node) {
              if (node.callee.type !== "Identifier" || node.arguments.length > 0) return;
              report(node, `new ${node.callee.name}()`);
            },
          };
        },
      },
    },
  };
  return Deno.lint.runPlugin(plugin, file, source).map(({ range, message }) => ({
    file,
    line: source.slice(0, range[0]).split("\n").length,
    name: message,
  }));
}
