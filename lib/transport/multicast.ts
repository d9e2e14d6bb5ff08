/**
 * Groups and interfaces of multicast sockets. What can be, is done by setsockopt on the socket's
 * descriptor: the runtime's own calls know neither interfaces by number for IPv4, nor sources.
 * @module
 */

import { NetError, toNetError } from "../core/error.ts";
import { AF_INET6, IPPROTO_IP, IPPROTO_IPV6 } from "../sys/constants.ts";
import { type SystemInterface, systemInterfaces } from "../sys/interfaces.ts";
import { setOption } from "../sys/option.ts";
import { inetPton } from "../wire/inet.ts";
import { encodeSockaddr, sockaddrStorageBytes } from "../wire/sockaddr.ts";

/**
 * True for a group: 224.0.0.0/4 (RFC 5771) and ff00::/8 (RFC 4291 section 2.7).
 *
 * @param host numeric, with or without its zone
 */
export function isMulticast(host: string): boolean {
  const bytes = inetPton(host.split("%")[0] ?? "");
  if (bytes === null) return false;
  return bytes.length === 4 ? (bytes[0] ?? 0) >> 4 === 0xe : bytes[0] === 0xff;
}

/** An interface as the calls want it. */
export interface MulticastInterface {
  readonly name: string;
  readonly index: number;
  /** Its first IPv4 address, where it has one. */
  readonly ipv4: string | undefined;
}

/**
 * Finds the interface that an option names.
 *
 * @param wanted a name, a number or one of its addresses
 * @throws {NetError} kind "option" where there is none
 */
export function multicastInterface(wanted: string): MulticastInterface {
  const interfaces = systemInterfaces();
  const found = interfaces.find(({ name }) => name === wanted) ??
    interfaces.find(({ index }) => String(index) === wanted && index > 0) ??
    interfaces.find(({ addresses }) => addresses.some(({ host }) => host === wanted));
  if (found === undefined) throw noInterface(wanted, interfaces);
  const { name, index, addresses } = found;
  return { name, index, ipv4: addresses.find(({ family }) => family === "inet")?.host };
}

function noInterface(wanted: string, interfaces: readonly SystemInterface[]): NetError {
  return new NetError({
    kind: "option",
    op: "option",
    address: `interface=${wanted}`,
    message: "no such interface",
    hint: `there are ${interfaces.map(({ name }) => name).join(", ")}`,
  });
}

/** A group to receive. */
export interface Membership {
  readonly group: string;
  /** Without one the route to the group decides. */
  readonly on: MulticastInterface | undefined;
  /** Only what these hosts send (RFC 4607); empty: whoever sends. */
  readonly sources: readonly string[];
}

/** RFC 3678 section 5.1: one call for both families, by interface number (linux/in.h). */
const MCAST_JOIN_GROUP = 42;
const MCAST_JOIN_SOURCE_GROUP = 46;
/** `uint32_t` and padding before the first sockaddr_storage. */
const requestHeadBytes = 8;

/**
 * Joins a group. Closing the socket leaves it.
 *
 * @throws {NetError} kind "unavailable" where there is no route to it, and others
 */
export function joinGroup(fd: number, { group, on, sources }: Membership): void {
  const level = group.includes(":") ? IPPROTO_IPV6 : IPPROTO_IP;
  const join = (name: number, hosts: readonly string[]) => {
    const bytes = new Uint8Array(requestHeadBytes + hosts.length * sockaddrStorageBytes);
    new DataView(bytes.buffer).setUint32(0, on?.index ?? 0, true);
    hosts.forEach((host, at) => {
      bytes.set(nameOf(host), requestHeadBytes + at * sockaddrStorageBytes);
    });
    try {
      setOption(fd, level, name, bytes);
    } catch (thrown) {
      throw joinError(toNetError(thrown, "join", group), group, on);
    }
  };
  if (sources.length === 0) join(MCAST_JOIN_GROUP, [group]);
  for (const source of sources) join(MCAST_JOIN_SOURCE_GROUP, [group, source]);
}

function nameOf(host: string): Uint8Array {
  return host.includes(":")
    ? encodeSockaddr({ family: "inet6", host, port: 0, flow: 0, scope: 0 })
    : encodeSockaddr({ family: "inet", host, port: 0 });
}

function joinError(error: NetError, group: string, on: MulticastInterface | undefined): NetError {
  const { kind, reason: message, code } = error;
  const hint = on === undefined
    ? "name the interface: interface=NAME"
    : code === "ENOBUFS"
    ? "net.ipv4.igmp_max_memberships bounds the groups of one socket"
    : `the interface is ${on.name}`;
  return new NetError({
    kind,
    op: "join",
    address: group,
    message,
    hint,
    ...(code && { code }),
    cause: error,
  });
}

/** Joins by the runtime's own calls, where there is no FFI. @throws {NetError} kind "unavailable" */
export async function joinByRuntime(socket: Deno.DatagramConn, wanted: Membership): Promise<void> {
  const { group, on, sources } = wanted;
  if (sources.length > 0) throw unavailable(group, "choosing sources needs --allow-ffi");
  if (group.includes(":")) {
    await socket.joinMulticastV6(group, on?.index ?? 0);
    return;
  }
  if (on !== undefined && on.ipv4 === undefined) {
    throw unavailable(group, `${on.name} has no IPv4 address, and there is no --allow-ffi`);
  }
  await socket.joinMulticastV4(group, on?.ipv4 ?? "0.0.0.0");
}

function unavailable(address: string, message: string): NetError {
  return new NetError({ kind: "unavailable", op: "join", address, message });
}

/** ip(7) and ipv6(7); linux/in.h, linux/in6.h. */
const IP_MULTICAST_IF = 32;
const IP_MULTICAST_ALL = 49;
const IP_UNICAST_IF = 50;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_ALL = 29;

/** Chooses the interface that multicast leaves by. @throws {NetError} as `setOption` */
export function sendThrough(fd: number, family: number, on: MulticastInterface): void {
  // struct ip_mreqn: group, address, index. The index decides where both are given.
  const request = new Uint8Array(12);
  new DataView(request.buffer).setInt32(8, on.index, true);
  // An IPv6 socket may be a dual-stack one, and has the switches of both.
  setOption(fd, IPPROTO_IP, IP_MULTICAST_IF, request);
  if (family === AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, on.index);
}

/**
 * Chooses the interface of broadcasts: 255.255.255.255 (RFC 919) says nothing of a network, and
 * the route would send it by whichever is the default one.
 */
export function broadcastThrough(fd: number, on: MulticastInterface): void {
  const index = new Uint8Array(4);
  new DataView(index.buffer).setInt32(0, on.index); // in network order, unlike all others (ip(7))
  setOption(fd, IPPROTO_IP, IP_UNICAST_IF, index);
}

/**
 * Receives the socket's own groups and no others, IPv4 ones on their interfaces (for IPv6 see
 * group_filter.ts). By default the kernel gives a socket every group that anyone on this machine
 * has joined, wherever it came in.
 */
export function ownGroupsOnly(fd: number, family: number): void {
  setOption(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  if (family === AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
}
