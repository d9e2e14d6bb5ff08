/**
 * The descriptor of one of the runtime's own internet sockets.
 * @module
 */

import { SOCK_DGRAM, SOCK_STREAM } from "../sys/constants.ts";
import { findDescriptor } from "../sys/descriptor.ts";
import { encodeSockaddr } from "../wire/sockaddr.ts";

function sockaddr({ hostname, port }: Deno.NetAddr): Uint8Array {
  // A zone names the interface, and findDescriptor compares it only where both sides have one.
  const host = hostname.split("%")[0] ?? hostname;
  return host.includes(":")
    ? encodeSockaddr({ family: "inet6", host, port, flow: 0, scope: 0 })
    : encodeSockaddr({ family: "inet", host, port });
}

/**
 * Finds the descriptor of an open socket by its two ends.
 *
 * @param remote null for one that is connected to nobody
 * @param except descriptors that are known to be others
 * @returns null without FFI permission
 */
export function inetDescriptor(
  local: Deno.NetAddr,
  remote: Deno.NetAddr | null,
  except?: ReadonlySet<number>,
): number | null {
  const type = local.transport === "udp" ? SOCK_DGRAM : SOCK_STREAM;
  return findDescriptor(sockaddr(local), remote === null ? null : sockaddr(remote), type, except);
}
