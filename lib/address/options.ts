/**
 * The options of an address, checked against the table of its transport and read.
 * @module
 */

import type { Address, AddressOption } from "../core/address.ts";
import { AddressError, quote } from "../core/error.ts";
import { nearest } from "../core/nearest.ts";
import type { OptionRow, Options, OptionTable, OptionValue } from "../core/option.ts";
import { ValueError } from "./fault.ts";
import { formatAddress } from "./format.ts";
import { encodeValue } from "./percent.ts";
import { formatOption } from "./query.ts";
import { readValue } from "./value.ts";

/**
 * Reads the options of an address by its side's rows of the table.
 *
 * @throws {AddressError} kind "option", with the offset in `formatAddress(address)`: an unknown
 * option, one that only the other side reads, one given twice, a value that cannot be read
 */
export function bindOptions(address: Address, table: OptionTable): Options {
  const side = address.passive ? "passive" : "active";
  const rows = rowsOf(table, side);
  const given: { name: string; value: OptionValue }[] = [];
  const seen = new Set<string>();
  for (const [index, option] of address.options.entries()) {
    const row = rows.get(option.name);
    if (row === undefined) throw unknown(address, index, option, table, rows);
    if (seen.has(option.name) && row.repeat !== true) {
      throw fault(address, index, 0, `option ${option.name} is given twice`);
    }
    seen.add(option.name);
    given.push({ name: option.name, value: read(address, index, option, row) });
  }
  return new BoundOptions(`${side} ${address.scheme}`, rows, given);
}

type Side = "active" | "passive";
type Rows = ReadonlyMap<string, OptionRow>;

/** Tables are constants, and a relay binds the same one for each session that it opens. */
const rowsByTable: Readonly<Record<Side, WeakMap<OptionTable, Rows>>> = {
  active: new WeakMap(),
  passive: new WeakMap(),
};

function rowsOf(table: OptionTable, side: Side): Rows {
  const known = rowsByTable[side].get(table);
  if (known !== undefined) return known;
  const rows = new Map<string, OptionRow>();
  for (const row of table) {
    if (row.side === undefined || row.side === side) rows.set(row.name, row);
  }
  rowsByTable[side].set(table, rows);
  return rows;
}

function read(address: Address, index: number, option: AddressOption, row: OptionRow): OptionValue {
  try {
    return readValue(row, option.value);
  } catch (thrown) {
    if (!(thrown instanceof ValueError)) throw thrown;
    const before = (option.value ?? "").slice(0, thrown.offset);
    const skipped = option.value === null ? 0 : `${option.name}=${encodeValue(before)}`.length;
    const reason = thrown.reason.startsWith(row.name)
      ? thrown.reason
      : `${row.name}: ${thrown.reason}`;
    throw fault(address, index, skipped, reason, thrown.hint);
  }
}

/** The error for an option that this side has no row for. */
function unknown(
  address: Address,
  index: number,
  { name }: AddressOption,
  table: OptionTable,
  rows: ReadonlyMap<string, OptionRow>,
): AddressError {
  const near = nearest(name, rows.keys());
  const [own, other] = address.passive ? ["passive", "active"] : ["active", "passive"];
  const known = table.some((row) => row.name === name);
  const message = known
    ? `${address.scheme} ${own} never reads ${name}`
    : `unknown option ${quote(name)}`;
  const hints = [
    ...(known ? [`only the ${other} side does`] : []),
    ...(near === undefined ? [] : [`did you mean ${near}?`]),
    ...(known || near !== undefined ? [] : [knownNames(rows)]),
  ];
  return fault(address, index, 0, message, hints.join("; "));
}

function knownNames(rows: ReadonlyMap<string, OptionRow>): string {
  return rows.size === 0 ? "it takes none" : `it takes ${[...rows.keys()].join(", ")}`;
}

/** @param within offset of the fault in the text of the option itself */
function fault(
  address: Address,
  index: number,
  within: number,
  message: string,
  hint?: string,
): AddressError {
  const text = formatAddress(address);
  const printed = address.options.map(formatOption);
  // Options stand at the end, but for exec and sh, where they stand before the command.
  const isCommand = address.scheme === "exec" || address.scheme === "sh";
  const query = isCommand ? text.indexOf("?") + 1 : text.length - printed.join("&").length;
  const before = printed.slice(0, index).reduce((sum, option) => sum + option.length + 1, 0);
  const offset = query + before + within;
  return new AddressError(text, offset, message, hint, "option");
}

/** What `bindOptions` gives; asking for what the side's table does not have is a bug. */
class BoundOptions implements Options {
  readonly #owner: string;
  readonly #rows: ReadonlyMap<string, OptionRow>;
  readonly #asked = new Set<string>();
  readonly given: Options["given"];

  constructor(owner: string, rows: ReadonlyMap<string, OptionRow>, given: Options["given"]) {
    this.#owner = owner;
    this.#rows = rows;
    this.given = given;
  }

  get asked(): ReadonlySet<string> {
    return this.#asked;
  }

  flag(name: string): boolean | undefined {
    const value = this.#ask(name, ["flag"]);
    return typeof value === "boolean" ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.#ask(name, ["integer", "duration", "size", "rate", "mode"]);
    return typeof value === "number" ? value : undefined;
  }

  text(name: string): string | undefined {
    const value = this.#ask(name, ["text", "choice"]);
    return typeof value === "string" ? value : undefined;
  }

  list(name: string): readonly string[] {
    this.#ask(name, ["text", "choice"]);
    return this.given.filter((option) => option.name === name).map(({ value }) => String(value));
  }

  #ask(name: string, kinds: readonly OptionRow["kind"][]): OptionValue | undefined {
    const row = this.#rows.get(name);
    if (row === undefined) throw new Error(`${this.#owner} has no option ${name} in its table`);
    if (!kinds.includes(row.kind)) throw new Error(`option ${name} is a ${row.kind}`);
    this.#asked.add(name);
    return this.given.find((option) => option.name === name)?.value;
  }
}
