/**
 * Unix sockets as sock_diag(7) tells them: with their queues and peers, which /proc/net/unix does
 * not have, and with paths that may hold a newline.
 * @module
 */

import { everyState, socketByFamily } from "./inet_diag.ts";
import {
  attributesOf,
  decodeNetlink,
  dumpFlag,
  encodeNetlink,
  netlinkFault,
  requestFlag,
  viewOf,
} from "./netlink.ts";
import { type TcpState, tcpStateOf, type UnixSocketRow, unixTypeOf } from "./procnet.ts";

const op = "sock_diag";

const unixFamily = 1;
const requestBytes = 24; // struct unix_diag_req
const replyBytes = 16; // struct unix_diag_msg

/** UDIAG_SHOW_NAME, _VFS, _PEER, _RQLEN and _UID (linux/unix_diag.h). */
const show = 0x1 | 0x2 | 0x4 | 0x10 | 0x40;
const attribute = { name: 0, file: 1, peer: 2, queues: 4, user: 7 };

/** One Unix socket. */
export interface UnixDiagRow {
  readonly type: UnixSocketRow["type"];
  /** The kernel keeps those of TCP for them: LISTEN, ESTABLISHED or CLOSED. */
  readonly state: TcpState;
  /** "" where unnamed; "@" stands for each NUL of an abstract name, as /proc/net/unix has it. */
  readonly path: string;
  readonly inode: number;
  /**
   * Inode of the file that it is bound to, where there is one: it says which socket a path leads
   * to, also where the file got another name after the bind.
   */
  readonly fileInode?: number;
  /** Inode of the socket at the other end, 0 where there is none. */
  readonly peerInode: number;
  /** Bytes not read yet; of a listener, connections not accepted yet. */
  readonly receiveQueue: number;
  /** Bytes that the peer has not read; of a listener, how many may wait. */
  readonly sendQueue: number;
  /** User that made it; null before Linux 5.3. */
  readonly uid: number | null;
}

/** Asks for every Unix socket. */
export function encodeUnixDump(): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(requestBytes);
  body[0] = unixFamily;
  viewOf(body).setUint32(4, everyState, true);
  viewOf(body).setUint32(12, show, true);
  return encodeNetlink(socketByFamily, requestFlag | dumpFlag, body);
}

/**
 * Reads the answer.
 *
 * @returns the sockets, or the error number of a refusal
 * @throws {NetError} kind "protocol" where it is cut off
 */
export function decodeUnixDiag(answers: readonly Uint8Array[]): UnixDiagRow[] | number {
  const messages = decodeNetlink(answers, true, op);
  if (typeof messages === "number") return messages;
  return messages.flatMap(({ type, body }) => {
    if (type !== socketByFamily) return [];
    if (body.length < replyBytes) throw netlinkFault(op, "a socket is cut off");
    return rowOf(body) ?? [];
  });
}

function rowOf(body: Uint8Array): UnixDiagRow | null {
  const view = viewOf(body);
  const type = unixTypeOf(view.getUint8(1));
  const state = tcpStateOf(view.getUint8(2));
  if (type === undefined || state === undefined) return null;
  const attributes = attributesOf(body.subarray(replyBytes), op);
  const word = (name: keyof typeof attribute, at = 0): number | null => {
    const value = attributes.get(attribute[name]);
    return value === undefined || value.length < at + 4 ? null : viewOf(value).getUint32(at, true);
  };
  const file = word("file");
  return {
    type,
    state,
    path: pathOf(attributes.get(attribute.name)),
    inode: view.getUint32(4, true),
    ...(file === null ? {} : { fileInode: file }),
    peerInode: word("peer") ?? 0,
    receiveQueue: word("queues") ?? 0,
    sendQueue: word("queues", 4) ?? 0,
    uid: word("user"),
  };
}

function pathOf(name: Uint8Array | undefined): string {
  if (name === undefined || name.length === 0) return "";
  const text = new TextDecoder().decode(name);
  // A file's path ends with a NUL that is no part of it; an abstract name is what its length says.
  return name[0] === 0 ? text.replaceAll("\0", "@") : text.split("\0", 1)[0] ?? "";
}
