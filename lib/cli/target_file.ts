/**
 * A file of targets (TOML 1.0) -> targets of a watch; what is wrong is told with line and column.
 * @module
 */

import {
  parse,
  TomlError,
  type TomlTableWithoutBigInt,
  type TomlValueWithoutBigInt,
} from "smol-toml";
import { parseAddress } from "../address/parse.ts";
import { readValue } from "../address/value.ts";
import type { TargetInit } from "../api/watch.ts";
import { escapeControls, NetError, quote } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import type { OptionRow } from "../core/option.ts";
import { type Place, placeInArray, placeOfKey } from "./toml_place.ts";
import { targetFlags } from "./watch_flags.ts";

/** Keys of a `[[target]]`: what it is, and the flags that hold for one target. */
const rows: readonly OptionRow[] = [
  { name: "address", kind: "text", help: "what is watched", check: checkAddress },
  { name: "name", kind: "text", help: "what it is called", check: checkName },
  ...targetFlags,
];

/** What keys are called in the library, where that differs. */
const fields: Readonly<Record<string, keyof TargetInit>> = {
  every: "everyMs",
  timeout: "timeoutMs",
};

/** A target of a file: always with a name, as far as it has one. */
export type FileTarget = TargetInit & { readonly address: string };

/**
 * Reads targets: `[[target]]` tables with `address` and, where wanted, `name every timeout mode
 * misses rises`, which mean what the flags of the same names do.
 *
 * @param path for errors
 * @throws {NetError} kind "usage", with `path:line:column` as its address
 */
export function readTargets(text: string, path: string): readonly FileTarget[] {
  const fault = ({ line, column }: Place, message: string) => {
    const address = `${path}:${line}:${column}`;
    return new NetError({ kind: "usage", op: "watch", address, message });
  };
  const document = parseToml(text, fault);
  const unknown = Object.keys(document).find((key) => key !== "target");
  if (unknown !== undefined) {
    const message = `only [[target]] is known here, and not ${quote(unknown)}`;
    throw fault(placeOfKey(text, unknown), message);
  }
  const tables = document["target"];
  if (!Array.isArray(tables) || tables.length === 0) {
    throw fault(placeOfKey(text, "target"), "there is no [[target]]");
  }
  const names = new Set<string>();
  return tables.map((table, index) => {
    const place = (key: string | null) => placeInArray(text, "target", index, key);
    const target = readTarget(table, (key, message) => fault(place(key), message));
    const name = target.name ?? target.address;
    if (names.has(name)) {
      const message = `two targets are called ${quote(name)}; give one another name`;
      throw fault(place(target.name === undefined ? "address" : "name"), message);
    }
    names.add(name);
    return target;
  });
}

function parseToml(
  text: string,
  fault: (place: Place, message: string) => NetError,
): TomlTableWithoutBigInt {
  try {
    return parse(text, { unsafeKeyBehaviour: "throw", maxDepth: 8 });
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw thrown;
    // What follows the first line shows the place, which is told by its numbers here.
    const [first = ""] = thrown.message.split("\n");
    throw fault(thrown, first.replace(/^Invalid TOML document: /, ""));
  }
}

function readTarget(
  table: TomlValueWithoutBigInt,
  fault: (key: string | null, message: string) => NetError,
): FileTarget {
  if (typeof table !== "object" || Array.isArray(table) || table instanceof Date) {
    throw fault(null, "a target is a table");
  }
  const target: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    const row = rows.find(({ name }) => name === key);
    if (row === undefined) {
      const known = nearest(key, rows.map(({ name }) => name));
      const hint = known === undefined ? "" : `; do you mean ${known}?`;
      throw fault(key, `a target has no ${quote(key)}${hint}`);
    }
    try {
      target[fields[key] ?? key] = readValue(row, textOf(row, value));
    } catch (thrown) {
      if (!(thrown instanceof NetError)) throw thrown;
      const hint = thrown.hint === undefined ? "" : `; ${thrown.hint}`;
      throw fault(key, `${key}: ${thrown.reason}${hint}`);
    }
  }
  if (typeof target["address"] === "string") return { ...target, address: target["address"] };
  throw fault(null, "a target needs an address");
}

/** As it would be written on the command line: numbers where numbers belong, else text. */
function textOf({ kind }: OptionRow, value: TomlValueWithoutBigInt): string {
  if (kind === "integer" && typeof value === "number") return String(value);
  if (kind !== "integer" && typeof value === "string") return value;
  const wanted = kind === "integer" ? "a number" : 'a text in quotes, as "30s"';
  throw new NetError({ kind: "usage", op: "watch", message: `write ${wanted}` });
}

function checkAddress(text: string): void {
  parseAddress(text, { side: "active" });
}

/** Names stand in lines, in variables of commands and in metrics. */
function checkName(text: string): void {
  if (escapeControls(text) === text && text.length <= 200) return;
  const message = "a name has no control characters, and at most 200 letters";
  throw new NetError({ kind: "usage", op: "watch", message });
}
