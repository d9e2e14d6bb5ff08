/**
 * What acts on this machine is not shown to others by accident (rule 10 of the contract).
 * @module
 */

import { formatEndpoint } from "../address/format.ts";
import type { Forward } from "../address/forward.ts";
import type { Permit } from "../address/permit.ts";
import type { Address } from "../core/address.ts";
import { NetError } from "../core/error.ts";

/** Schemes whose endpoint runs commands on this machine. */
const acting: ReadonlySet<string> = new Set(["exec", "sh"]);

/** True for endpoints that run commands of this machine for whoever reaches them. */
export function actsOnMachine(address: Address): boolean {
  return acting.has(address.scheme);
}

/**
 * True where other machines can reach a passive address. Where an inherited socket listens is only
 * known once it is open, which is too late to refuse: it counts as exposed.
 */
export function isExposed(address: Address): boolean {
  if (!address.passive) return false;
  if (address.scheme === "fd") return true;
  if (!("host" in address)) return false;
  const { host } = address;
  // A whole address: 127.example.org is a name, and leads to wherever its owner says.
  return !(host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host));
}

/**
 * Refuses to show what acts on this machine to other machines, before anything is opened.
 *
 * @param what what acts, for the line: `exec`, `a shell`
 * @throws {NetError} kind "exposure"
 */
export function refuseExposure(passive: Address, what: string, isPublic: boolean): void {
  if (isPublic || !isExposed(passive)) return;
  throw new NetError({
    kind: "exposure",
    op: "listen",
    address: formatEndpoint(passive),
    message: `${what} would be open to other machines`,
    hint: "listen on 127.0.0.1, [::1] or a Unix socket, or say --public",
  });
}

/**
 * Refuses permits to run commands at a link's server that other machines can reach: a key that got
 * lost would be a shell here.
 *
 * @param carrier where the server listens
 * @throws {NetError} kind "exposure"
 */
export function refusePermits(
  carrier: Address,
  permits: readonly Permit[],
  isPublic: boolean,
): void {
  // A permit is no address where it has a *, and the schemes that act have none.
  const what = permits.map(({ text }) => text.slice(0, text.indexOf(":")));
  for (const scheme of what) if (acting.has(scheme)) refuseExposure(carrier, scheme, isPublic);
}

/**
 * Refuses forwards of a link, either way, that lead to commands from where other machines come in:
 * behind the listener nobody is asked for the key.
 *
 * @throws {NetError} kind "exposure"
 */
export function refuseForwards(pairs: readonly Forward[], isPublic: boolean): void {
  for (const { listen, target } of pairs) {
    if (actsOnMachine(target)) refuseExposure(listen, target.scheme, isPublic);
  }
}
