/**
 * One question to the kernel's routing (rtnetlink(7), RTM_GETROUTE): which way would a packet go?
 * Unlike the tables under /proc/net it knows policy rules, and local addresses.
 *
 * Netlink is in the machine's order: little-endian.
 * @module
 */

import { inetNtop } from "./inet.ts";
import {
  attributesOf,
  netlinkFault,
  netlinkHeaderBytes as headerBytes,
  requestFlag,
  viewOf,
} from "./netlink.ts";

const op = "rtnetlink";

const getRoute = 26; // RTM_GETROUTE
const newRoute = 24; // RTM_NEWROUTE
const errorMessage = 2; // NLMSG_ERROR
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
  if (bytes.length < headerBytes + 4) throw netlinkFault(op, "the answer is cut off");
  const view = viewOf(bytes);
  const type = view.getUint16(4, true);
  if (type === errorMessage) return -view.getInt32(headerBytes, true);
  if (type !== newRoute) throw netlinkFault(op, `an answer of type ${type}`);
  const end = view.getUint32(0, true);
  const start = headerBytes + routeBytes;
  if (end > bytes.length || end < start) throw netlinkFault(op, "the answer is cut off");
  const attributes = attributesOf(bytes.subarray(start, end), op);
  const word = (value: Uint8Array | undefined) => value?.length === 4 ? uint32(value) : null;
  const metrics = attributes.get(attribute.metrics) ?? new Uint8Array();
  const via = attributes.get(attribute.via)?.subarray(2); // struct rtvia: a family before it
  return {
    kind: routeKinds[bytes[headerBytes + 7] ?? 0] ?? "other",
    interfaceIndex: word(attributes.get(attribute.output)) ?? 0,
    gateway: hostOf(attributes.get(attribute.gateway)) ?? hostOf(via),
    source: hostOf(attributes.get(attribute.preferredSource)),
    mtu: word(attributesOf(metrics, op).get(2)), // RTAX_MTU
  };
}

function hostOf(bytes: Uint8Array | undefined): string | null {
  return bytes?.length === 4 || bytes?.length === 16 ? inetNtop(bytes) : null;
}

function uint32(bytes: Uint8Array): number {
  return viewOf(bytes).getUint32(0, true);
}
