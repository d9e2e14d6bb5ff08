/**
 * One question to the kernel's routing (rtnetlink(7), RTM_GETROUTE): which way would a packet go?
 * Unlike the tables under /proc/net it knows policy rules, and local addresses.
 *
 * Netlink is in the machine's order: little-endian.
 * @module
 */

import { NetError } from "../core/error.ts";
import { inetNtop } from "./inet.ts";

const getRoute = 26; // RTM_GETROUTE
const newRoute = 24; // RTM_NEWROUTE
const errorMessage = 2; // NLMSG_ERROR
const requestFlag = 1; // NLM_F_REQUEST
const headerBytes = 16; // struct nlmsghdr
const routeBytes = 12; // struct rtmsg

/** Attributes of a route (linux/rtnetlink.h). */
const attribute = {
  destination: 1,
  output: 4,
  gateway: 5,
  preferredSource: 7,
  metrics: 8,
  via: 18,
};

const routeKinds = [
  "unspecified",
  "unicast",
  "local",
  "broadcast",
  "anycast",
  "multicast",
  "blackhole",
  "unreachable",
  "prohibit",
] as const;

/** Where packets to a destination would go. */
export interface RouteReply {
  readonly kind: typeof routeKinds[number] | "other";
  /** Index of the interface, 0 where there is none. */
  readonly interfaceIndex: number;
  /** Next hop; null where the destination is on the link. An IPv4 route may have an IPv6 one. */
  readonly gateway: string | null;
  /** The source address that an unbound socket would get; null where the kernel names none. */
  readonly source: string | null;
  /** MTU of the route where it has one of its own, in bytes. */
  readonly mtu: number | null;
}

/**
 * Writes the question.
 *
 * @param destination 4 or 16 bytes in network order
 * @param interfaceIndex the interface of a link-local destination; 0 for any
 */
export function encodeRouteRequest(
  destination: Uint8Array,
  interfaceIndex: number,
): Uint8Array<ArrayBuffer> {
  const target = 4 + destination.length;
  const total = headerBytes + routeBytes + target + (interfaceIndex === 0 ? 0 : 8);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, total, true);
  view.setUint16(4, getRoute, true);
  view.setUint16(6, requestFlag, true);
  view.setUint32(8, 1, true); // sequence; the port id stays 0: the kernel fills it in
  bytes[headerBytes] = destination.length === 4 ? 2 : 10; // rtm_family
  bytes[headerBytes + 1] = destination.length * 8; // rtm_dst_len
  let at = headerBytes + routeBytes;
  view.setUint16(at, target, true);
  view.setUint16(at + 2, attribute.destination, true);
  bytes.set(destination, at + 4);
  at += target;
  if (interfaceIndex !== 0) {
    view.setUint16(at, 8, true);
    view.setUint16(at + 2, attribute.output, true);
    view.setUint32(at + 4, interfaceIndex, true);
  }
  return bytes;
}

/**
 * Reads the kernel's answer.
 *
 * @returns the route, or the error number (ENETUNREACH where there is none)
 * @throws {NetError} kind "protocol" for anything else
 */
export function decodeRouteReply(bytes: Uint8Array): RouteReply | number {
  if (bytes.length < headerBytes + 4) throw fault("the answer is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = view.getUint16(4, true);
  if (type === errorMessage) return -view.getInt32(headerBytes, true);
  if (type !== newRoute) throw fault(`an answer of type ${type}`);
  const end = view.getUint32(0, true);
  const start = headerBytes + routeBytes;
  if (end > bytes.length || end < start) throw fault("the answer is cut off");
  const attributes = attributesOf(bytes.subarray(start, end));
  const word = (value: Uint8Array | undefined) => value?.length === 4 ? uint32(value) : null;
  const via = attributes.get(attribute.via)?.subarray(2); // struct rtvia: a family before it
  return {
    kind: routeKinds[bytes[headerBytes + 7] ?? 0] ?? "other",
    interfaceIndex: word(attributes.get(attribute.output)) ?? 0,
    gateway: hostOf(attributes.get(attribute.gateway)) ?? hostOf(via),
    source: hostOf(attributes.get(attribute.preferredSource)),
    mtu: word(attributesOf(attributes.get(attribute.metrics) ?? new Uint8Array()).get(2)), // RTAX_MTU
  };
}

/** Attributes by number: a length and a type before each, padded to 4 bytes. */
function attributesOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) throw fault("an attribute is cut off");
    // The upper two bits say "nested" and "network order" (NLA_TYPE_MASK).
    found.set(view.getUint16(at + 2, true) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

function hostOf(bytes: Uint8Array | undefined): string | null {
  return bytes?.length === 4 || bytes?.length === 16 ? inetNtop(bytes) : null;
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

function fault(message: string): NetError {
  return new NetError({ kind: "protocol", op: "rtnetlink", message });
}
