/**
 * What the tests of the address language share: the error of a text, and options in short.
 * @module
 */

import { assertInstanceOf, fail } from "@std/assert";
import { parseAddress } from "../../../lib/address/parse.ts";
import type { AddressOption } from "../../../lib/core/address.ts";
import { AddressError } from "../../../lib/core/error.ts";

/** The error that `run` throws; any other class of error fails the test. */
export function addressErrorOf(run: () => unknown): AddressError {
  try {
    run();
  } catch (thrown) {
    assertInstanceOf(thrown, AddressError);
    return thrown;
  }
  fail("nothing was thrown");
}

/** The error of a text that is no address. */
export function refusal(text: string, side?: "active" | "passive"): AddressError {
  return addressErrorOf(() => parseAddress(text, side === undefined ? {} : { side }));
}

/** `option("a", "1")` is `a=1`. */
export function option(name: string, value: string | null = null): AddressOption {
  return { name, value };
}
