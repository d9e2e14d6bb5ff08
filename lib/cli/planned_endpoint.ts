/**
 * Address text of the command line -> PlannedEndpoint, options read and checked.
 * @module
 */

import { formatAddress } from "../address/format.ts";
import { bindOptions } from "../address/options.ts";
import { parseAddress } from "../address/parse.ts";
import type { Address } from "../core/address.ts";
import { NetError } from "../core/error.ts";
import { transports } from "../transport/table.ts";
import type { Plan, PlannedEndpoint } from "./plan.ts";

/**
 * Plans one endpoint.
 *
 * @param role what it is to the command: `peer`, `a`, `b`, `address`
 * @param side the side that the command gives it; without one, `listen:` decides
 * @throws {AddressError} for text that is no address, or an option that this side does not have
 */
export function planEndpoint(
  role: string,
  text: string,
  side?: "active" | "passive",
): PlannedEndpoint {
  const address = parseAddress(text, side === undefined ? {} : { side });
  const options = bindOptions(address, transports[address.scheme]?.options ?? []);
  return {
    role,
    address: formatAddress(address),
    scheme: address.scheme,
    side: address.passive ? "passive" : "active",
    options: options.given.map((given) => ({ ...given, source: "address" })),
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
