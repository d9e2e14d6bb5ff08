/**
 * Names of Unix sockets, for the kernel and for people.
 * @module
 */

import type { PathAddress } from "../core/address.ts";
import type { Credentials, Peer } from "../core/contract.ts";
import { formatPath } from "../address/path.ts";

/** How the runtime and the kernel write the name of a socket: abstract ones begin with NUL. */
export function socketName(address: PathAddress): string {
  return address.abstract === true ? `\0${address.path}` : address.path;
}

/** The end that an address names. */
export function unixPeer(address: PathAddress, credentials?: Credentials | null): Peer {
  return {
    scheme: address.scheme,
    text: `${address.scheme}:${formatPath(address)}`,
    path: address.abstract === true ? `@${address.path}` : address.path,
    ...(credentials ? { credentials } : {}),
  };
}
