/**
 * `--forward A=B`: where to listen, and where to go from there.
 * @module
 */

import type { Address } from "../core/address.ts";
import { AddressError } from "../core/error.ts";
import { type Expectation, parseAddress } from "./parse.ts";
import { schemeWords } from "./schemes.ts";

/** The two ends of a forward. */
export interface Forward {
  /** Passive. */
  readonly listen: Address;
  /** Active. */
  readonly target: Address;
}

/** A known scheme and its colon; made once, from the one list. */
const splits = new RegExp(`=(?=(?:${schemeWords.join("|")}):)`, "i");

/**
 * Splits at the first `=` that a known scheme and `:` follow; inside an option such text is
 * written with `%3A`. The left side listens, with or without `listen:`.
 *
 * @throws {AddressError} for a text without such a `=`, or about one of the two addresses: it
 * names that address, and the offset is in it
 */
export function splitForward(text: string, limits?: Expectation["limits"]): Forward {
  const at = text.search(splits);
  if (at < 0) {
    const hint = "write LISTEN=SCHEME:TARGET, as :8080=tcp://db:5432";
    throw new AddressError(text, text.length, "no = with a scheme after it", hint);
  }
  const bounds = limits === undefined ? {} : { limits };
  return {
    listen: parseAddress(text.slice(0, at), { side: "passive", ...bounds }),
    target: parseAddress(text.slice(at + 1), { side: "active", ...bounds }),
  };
}
