/**
 * An IPv6 socket receives its groups on the interfaces that it joined them on, and nowhere else.
 *
 * IPV6_MULTICAST_ALL does half of it: it keeps groups out that only other sockets have joined. But
 * inet6_mc_check compares the group alone and not the interface, as its IPv4 counterpart does: what
 * came in elsewhere, because somebody else joined the same group there, is delivered, too. The
 * kernel does not tell by IPV6_PKTINFO either without a receive of our own for every datagram,
 * while a filter costs a few instructions. Binding the socket to the interface (SO_BINDTOIFINDEX)
 * would keep out what is sent to this machine alone.
 * @module
 */

import {
  accept,
  drop,
  type FilterInstruction,
  loadByte,
  loadInterface,
  loadWord,
  unlessEqualSkip,
} from "../sys/socket_filter.ts";
import { inetPton } from "../wire/inet.ts";
import type { Membership } from "./multicast.ts";

/** Destination in the IPv6 header, bytes 24 to 39 (RFC 8200 section 3). */
const destination = 24;

/**
 * The program for a socket with these memberships; those of IPv4 are none of its business. A group
 * that was joined where the route leads may come in anywhere: which interface that was is not told.
 */
export function groupFilter(memberships: readonly Membership[]): readonly FilterInstruction[] {
  const joined = memberships.filter(({ group }) => group.includes(":"));
  return [
    // A dual-stack socket gets IPv4 packets, with their own header.
    loadByte(0),
    { code: 0x54, k: 0xf0 }, // BPF_ALU | BPF_AND | BPF_K: the version
    ...whenNot(0x60),
    loadByte(destination),
    ...whenNot(0xff), // ff00::/8 is multicast (RFC 4291 section 2.7)
    ...joined.flatMap(acceptGroup),
    drop,
  ];
}

/** Accepts the packet unless what was loaded is the value. */
function whenNot(value: number): readonly FilterInstruction[] {
  return [{ code: 0x15, k: value, yes: 1, no: 0 }, accept];
}

/** Accepts packets to the group by its interface, and goes on with all others. */
function acceptGroup({ group, on }: Membership): readonly FilterInstruction[] {
  const bytes = inetPton(group) ?? new Uint8Array(16);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const comparisons: readonly (readonly [FilterInstruction, number])[] = [
    ...[0, 4, 8, 12].map((at) => [loadWord(destination + at), view.getUint32(at)] as const),
    ...(on === undefined ? [] : [[loadInterface, on.index] as const]),
  ];
  const length = 2 * comparisons.length + 1;
  return [
    ...comparisons.flatMap(([load, value], at) => [
      load,
      unlessEqualSkip(value, length - 2 * (at + 1)),
    ]),
    accept,
  ];
}
