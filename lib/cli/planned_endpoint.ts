/**
 * Address text of the command line -> PlannedEndpoint, options read and checked.
 * @module
 */

import { formatAddress } from "../address/format.ts";
import { bindOptions } from "../address/options.ts";
import { parseAddress } from "../address/parse.ts";
import type { Address } from "../core/address.ts";
import { lastingOf, optionTableOf } from "../api/lasting_options.ts";
import { NetError } from "../core/error.ts";
import { transports } from "../transport/table.ts";
import type { Flags } from "./flag.ts";
import { withDefaults } from "./lasting_defaults.ts";
import type { Plan, PlannedEndpoint } from "./plan.ts";

/**
 * Plans one endpoint.
 *
 * @param role what it is to the command: `peer`, `a`, `b`, `address`
 * @param side the side that the command gives it; without one, `listen:` decides
 * @param lasting the flags of a command whose active ends have options of time: their defaults
 * @throws {AddressError} for text that is no address, or an option that this side does not have
 */
export function planEndpoint(
  role: string,
  text: string,
  side?: "active" | "passive",
  lasting?: Flags,
): PlannedEndpoint {
  const written = parseAddress(text, side === undefined ? {} : { side });
  const { address, fromFlags } = lasting === undefined
    ? { address: written, fromFlags: new Set<string>() }
    : withDefaults(written, lasting);
  // A passive end is told that only the active side has them; elsewhere they are unknown.
  const takesAll = lasting !== undefined || address.passive;
  const table = takesAll ? optionTableOf(address.scheme) : transports[address.scheme]?.options;
  const options = bindOptions(address, table ?? []);
  lastingOf(address);
  return {
    role,
    address: formatAddress(address),
    scheme: address.scheme,
    side: address.passive ? "passive" : "active",
    options: options.given.map((given) => ({
      ...given,
      source: fromFlags.has(given.name) ? "flag" : "address",
    })),
  };
}

/** The endpoint of a plan as a value. */
export function endpointOf(plan: Plan, role: string): Address {
  const planned = plan.endpoints.find((endpoint) => endpoint.role === role);
  if (planned === undefined) {
    throw new NetError({ kind: "unexpected", op: "plan", message: `no endpoint "${role}"` });
  }
  return parseAddress(planned.address);
}
