/**
 * TCP and UDP sockets as sock_diag(7) tells them: the source of ss(8). It knows more than
 * /proc/net (backlogs, IPv6-only listeners, TCP_INFO of other processes' sockets), and can be asked
 * for one connection.
 * @module
 */

import { inetNtop, inetPton } from "./inet.ts";
import {
  attributesOf,
  decodeNetlink,
  dumpFlag,
  encodeNetlink,
  netlinkFault,
  requestFlag,
  viewOf,
} from "./netlink.ts";
import { type InetSocketRow, type SocketEnd, tcpStateOf, tcpTimerOf } from "./procnet.ts";
import { decodeTcpInfo, type TcpInfo } from "./tcp_info.ts";

const op = "sock_diag";

/** SOCK_DIAG_BY_FAMILY: the type of the question, and of each socket in the answer. */
export const socketByFamily = 20;

const familyNumbers = { inet: 2, inet6: 10 } as const;
const protocolNumbers = { tcp: 6, udp: 17 } as const;

/**
 * Every state of `include/net/tcp_states.h`, one bit each, but for TCP_BOUND_INACTIVE (Linux 6.8): a
 * socket that only has a port is neither in /proc/net nor in what ss(8) shows unless asked.
 */
export const everyState = 0x1fff;

/** TCP_LISTEN alone. */
const listenState = 1 << 10;

const requestBytes = 56; // struct inet_diag_req_v2
const replyBytes = 72; // struct inet_diag_msg
const idOffset = 4; // of struct inet_diag_sockid in a reply; in a request it follows at 8

/** Attributes (linux/inet_diag.h); bit N-1 of a request asks for the first ones. */
const attribute = { info: 2, congestion: 4, memory: 7, ipv6Only: 11 };

/** The bits of those that are asked for with `info`. */
const infoBits = [attribute.info, attribute.congestion, attribute.memory]
  .reduce((bits, number) => bits | 1 << (number - 1), 0);

/** Place of the drops in the memory information: SK_MEMINFO_DROPS of linux/sock_diag.h. */
const dropsOffset = 8 * 4;

/** One TCP or UDP socket; of a listener, `sendQueue` is the length that its accept queue may have. */
export interface InetDiagRow extends InetSocketRow {
  /** Index of the interface that it is bound to (SO_BINDTODEVICE, link-local), 0 for none. */
  readonly interfaceIndex: number;
  /** IPv6 and not dual-stack (IPV6_V6ONLY); told of listeners and unconnected sockets. */
  readonly ipv6Only: boolean;
  /** Only where it was asked for, and there is one. */
  readonly info: TcpInfo | null;
  /** Name of the congestion control; the same. */
  readonly congestion: string | null;
}

/** Which sockets are asked for. */
export interface InetDiagQuestion {
  readonly protocol: "tcp" | "udp";
  readonly family: "inet" | "inet6";
  /** With TCP_INFO and congestion control, and the drops of UDP. */
  readonly info: boolean;
  /** Only sockets that listen: the kernel walks its listeners alone then. Default: all states. */
  readonly listening?: boolean;
}

/** Asks for every socket of a family. */
export function encodeInetDump(question: InetDiagQuestion): Uint8Array<ArrayBuffer> {
  return encodeNetlink(socketByFamily, requestFlag | dumpFlag, requestBody(question));
}

/**
 * Asks for one TCP connection.
 *
 * @returns null where an end is not numeric
 */
export function encodeInetQuestion(
  question: InetDiagQuestion,
  connection: Pick<InetDiagRow, "local" | "remote" | "interfaceIndex">,
): Uint8Array<ArrayBuffer> | null {
  const { local, remote, interfaceIndex } = connection;
  const hosts = [inetPton(local.host), inetPton(remote.host)];
  const body = requestBody(question);
  const view = viewOf(body);
  view.setUint16(8, local.port);
  view.setUint16(10, remote.port);
  for (const [at, host] of hosts.entries()) {
    if (host === null) return null;
    body.set(host, 12 + at * 16);
  }
  view.setUint32(44, interfaceIndex, true);
  view.setBigUint64(48, 2n ** 64n - 1n, true); // INET_DIAG_NOCOOKIE, twice
  return encodeNetlink(socketByFamily, requestFlag, body);
}

function requestBody(question: InetDiagQuestion): Uint8Array<ArrayBuffer> {
  const { protocol, family, info, listening = false } = question;
  const body = new Uint8Array(requestBytes);
  body[0] = familyNumbers[family];
  body[1] = protocolNumbers[protocol];
  body[2] = info ? infoBits : 0;
  viewOf(body).setUint32(4, listening ? listenState : everyState, true);
  return body;
}

/**
 * Reads the answer to either question.
 *
 * @param whole true for that of a dump
 * @returns the sockets, or the error number of a refusal (ENOENT: no such connection, or a kernel
 * without this part)
 * @throws {NetError} kind "protocol" where it is cut off
 */
export function decodeInetDiag(
  protocol: "tcp" | "udp",
  answers: readonly Uint8Array[],
  whole: boolean,
): InetDiagRow[] | number {
  const messages = decodeNetlink(answers, whole, op);
  if (typeof messages === "number") return messages;
  return messages.flatMap(({ type, body }) => {
    if (type !== socketByFamily) return [];
    if (body.length < replyBytes) throw netlinkFault(op, "a socket is cut off");
    return rowOf(protocol, body) ?? [];
  });
}

function rowOf(protocol: "tcp" | "udp", body: Uint8Array): InetDiagRow | null {
  const view = viewOf(body);
  const family = view.getUint8(0) === familyNumbers.inet ? "inet" : "inet6";
  const state = tcpStateOf(view.getUint8(1));
  if (state === undefined) return null; // of a newer kernel: left out, as lines of /proc are
  const end = (address: number, port: number): SocketEnd => ({
    host: inetNtop(body.subarray(address, address + (family === "inet" ? 4 : 16))),
    port: view.getUint16(port),
  });
  const attributes = attributesOf(body.subarray(replyBytes), op);
  const info = attributes.get(attribute.info);
  const congestion = attributes.get(attribute.congestion);
  const memory = attributes.get(attribute.memory);
  const knowsDrops = protocol === "udp" && memory !== undefined &&
    memory.length >= dropsOffset + 4;
  return {
    protocol,
    family,
    local: end(idOffset + 4, idOffset),
    remote: end(idOffset + 20, idOffset + 2),
    state,
    interfaceIndex: view.getUint32(idOffset + 36, true),
    timer: tcpTimerOf(view.getUint8(2)),
    retransmits: view.getUint8(3),
    timerMs: view.getUint32(52, true),
    receiveQueue: view.getUint32(56, true),
    sendQueue: view.getUint32(60, true),
    uid: view.getUint32(64, true),
    inode: view.getUint32(68, true),
    ipv6Only: attributes.get(attribute.ipv6Only)?.[0] === 1,
    info: info === undefined ? null : decodeTcpInfo(info),
    congestion: congestion === undefined ? null : cText(congestion),
    ...(knowsDrops ? { drops: viewOf(memory).getUint32(dropsOffset, true) } : {}),
  };
}

/** Text up to its NUL. */
function cText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
