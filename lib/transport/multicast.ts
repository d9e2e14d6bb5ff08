/**
 * Groups and interfaces of multicast sockets.
 * @module
 */

import { NetError } from "../core/error.ts";
import { IPPROTO_IP, IPPROTO_IPV6 } from "../sys/constants.ts";
import { systemInterfaces } from "../sys/interfaces.ts";
import { setOption } from "../sys/option.ts";
import { inetPton } from "../wire/inet.ts";

/** True for a group: 224.0.0.0/4 (RFC 5771) and ff00::/8 (RFC 4291 section 2.7). */
export function isMulticast(host: string): boolean {
  const bytes = inetPton(host);
  if (bytes === null) return false;
  return bytes.length === 4 ? (bytes[0] ?? 0) >> 4 === 0xe : bytes[0] === 0xff;
}

/** An interface as the calls want it: IPv4 by its address, IPv6 by its number. */
export interface MulticastInterface {
  readonly name: string;
  readonly index: number;
  /** Its first IPv4 address, where it has one. */
  readonly ipv4: string | undefined;
}

/**
 * Finds the interface that an option names.
 *
 * @param wanted a name or one of its addresses
 * @throws {NetError} kind "unavailable" where there is none
 */
export function multicastInterface(wanted: string): MulticastInterface {
  const interfaces = systemInterfaces();
  for (const { name, index, addresses } of interfaces) {
    if (name !== wanted && !addresses.some(({ host }) => host === wanted)) continue;
    return { name, index, ipv4: addresses.find(({ family }) => family === "inet")?.host };
  }
  throw new NetError({
    kind: "unavailable",
    op: "open",
    address: `interface=${wanted}`,
    message: "no such interface",
    hint: `there are ${interfaces.map(({ name }) => name).join(", ")}`,
  });
}

/**
 * Joins a group. Without an interface the route decides; with one and no IPv4 address on it, an
 * IPv4 group cannot be joined there.
 *
 * @throws {NetError} kind "unavailable"
 */
export async function joinGroup(
  socket: Deno.DatagramConn,
  group: string,
  on: MulticastInterface | undefined,
): Promise<void> {
  if (group.includes(":")) {
    await socket.joinMulticastV6(group, on?.index ?? 0);
    return;
  }
  if (on !== undefined && on.ipv4 === undefined) {
    const message = `${on.name} has no IPv4 address`;
    throw new NetError({ kind: "unavailable", op: "join", address: group, message });
  }
  await socket.joinMulticastV4(group, on?.ipv4 ?? "0.0.0.0");
}

/** IP_MULTICAST_IF (ip(7)) and IPV6_MULTICAST_IF (ipv6(7)). */
const outgoing = { ipv4: 32, ipv6: 17 } as const;

/**
 * Chooses the interface that multicast leaves by. The runtime has no call for it.
 *
 * @param ipv6 whether it is an IPv6 socket
 * @throws {NetError} kind "unavailable" without FFI
 */
export function sendThrough(fd: number | null, ipv6: boolean, on: MulticastInterface): void {
  if (fd === null) {
    throw new NetError({
      kind: "unavailable",
      op: "option",
      address: "interface",
      message: "the socket's descriptor cannot be reached",
      hint: "choosing an interface needs --allow-ffi",
    });
  }
  if (ipv6) return setOption(fd, IPPROTO_IPV6, outgoing.ipv6, on.index);
  // struct ip_mreqn: group, address, index. The index decides where both are given.
  const request = new Uint8Array(12);
  new DataView(request.buffer).setInt32(8, on.index, true);
  setOption(fd, IPPROTO_IP, outgoing.ipv4, request);
}
