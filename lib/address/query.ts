/**
 * The options of an address: `name=value&name`, after the first `?`.
 * @module
 */

import type { AddressOption } from "../core/address.ts";
import { decodeText, encodeValue } from "./percent.ts";
import type { Source } from "./source.ts";

/** The only option that may be given several times: each names one multicast group. */
const repeatable = "join";

/**
 * Reads options from a range that does not hold the `?`; an empty range has none. `+` is itself;
 * which names an endpoint knows is `bindOptions`' business.
 *
 * @throws {AddressError} kind "option" for an empty or odd name and for a repeat
 */
export function readQuery(source: Source, start: number, end: number): readonly AddressOption[] {
  const options: AddressOption[] = [];
  if (start >= end) return options;
  const seen = new Set<string>();
  for (let at = start; at <= end;) {
    const stop = source.find("&", at, end);
    const option = readOption(source, at, stop);
    if (seen.has(option.name) && option.name !== repeatable) {
      throw source.error(at, `option ${option.name} is given twice`, undefined, "option");
    }
    seen.add(option.name);
    options.push(option);
    at = stop + 1;
  }
  return options;
}

function readOption(source: Source, start: number, end: number): AddressOption {
  const equals = source.find("=", start, end);
  const name = source.text.slice(start, equals);
  if (name === "") throw source.error(start, "an option without a name", undefined, "option");
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name)) {
    const lower = name.toLowerCase();
    const hint = lower !== name && /^[a-z][a-z0-9-]*$/.test(lower)
      ? "option names are in lower case"
      : "option names have letters, digits and -; %26 is an & inside a value";
    throw source.error(start, "not an option name", hint, "option");
  }
  return { name, value: equals === end ? null : decodeText(source, equals + 1, end) };
}

/** Prints one option as it stands in an address. */
export function formatOption({ name, value }: AddressOption): string {
  return value === null ? name : `${name}=${encodeValue(value)}`;
}
