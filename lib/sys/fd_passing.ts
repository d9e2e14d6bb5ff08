/**
 * Descriptors from one process to another over a Unix socket: SCM_RIGHTS, unix(7), cmsg(3).
 *
 * Layouts on 64-bit Linux, the same on x86-64 and arm64: `struct msghdr` is 56 bytes (name 0,
 * namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48), `struct iovec` 16 (base 0,
 * len 8), `struct cmsghdr` 16 (len 0, level 8, type 12) with its data behind it, padded to 8.
 * @module
 */

import {
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SCM_RIGHTS,
  SOL_SOCKET,
} from "./constants.ts";
import { EAGAIN, EINTR, errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { NetError } from "../core/error.ts";
import type { Again } from "./socket.ts";

/** The kernel takes no more in one message (SCM_MAX_FD, unix(7)). */
export const mostDescriptors = 253;

const headerBytes = 16; // sizeof(struct cmsghdr)

/** A `msghdr` with everything it points to, which must live as long as the call. */
interface Message {
  readonly header: DataView<ArrayBuffer>;
  readonly control: Uint8Array<ArrayBuffer>;
  readonly keep: readonly unknown[];
}

function messageOf(data: Uint8Array<ArrayBuffer>, control: Uint8Array<ArrayBuffer>): Message {
  const vector = new BigUint64Array([addressOf(data), BigInt(data.length)]);
  const header = new DataView(new ArrayBuffer(56));
  header.setBigUint64(16, addressOf(vector), true);
  header.setBigUint64(24, 1n, true);
  if (control.length > 0) header.setBigUint64(32, addressOf(control), true);
  header.setBigUint64(40, BigInt(control.length), true);
  return { header, control, keep: [data, vector, control] };
}

function addressOf(bytes: Uint8Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>): bigint {
  const pointer = Deno.UnsafePointer.of(bytes);
  return pointer === null ? 0n : BigInt(Deno.UnsafePointer.value(pointer));
}

/**
 * Sends descriptors along with bytes. The receiver gets duplicates: the sender keeps its own.
 *
 * @param fd a connected Unix stream socket
 * @param data at least one byte: a stream carries descriptors on bytes only
 * @returns how many bytes went; the descriptors went with the first one
 * @throws {NetError} with the system's code; "limit" for more than 253 descriptors
 */
export function sendDescriptors(
  fd: number,
  data: Uint8Array<ArrayBuffer>,
  descriptors: readonly number[],
): number | Again {
  if (descriptors.length > mostDescriptors) {
    const message = `${descriptors.length} descriptors in one message, at most ${mostDescriptors}`;
    throw new NetError({ kind: "limit", op: "send", message });
  }
  const length = headerBytes + 4 * descriptors.length;
  const control = new Uint8Array(descriptors.length === 0 ? 0 : Math.ceil(length / 8) * 8);
  if (descriptors.length > 0) {
    const view = new DataView(control.buffer);
    view.setBigUint64(0, BigInt(length), true);
    view.setInt32(8, SOL_SOCKET, true);
    view.setInt32(12, SCM_RIGHTS, true);
    descriptors.forEach((one, at) => view.setInt32(headerBytes + 4 * at, one, true));
  }
  const message = messageOf(data, control);
  for (;;) {
    const sent = libc().sendmsg(fd, bytesOf(message.header), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    const number = errno();
    if (number === EAGAIN) return "again";
    if (number !== EINTR) throw errnoError("send", number);
  }
}

/** What came with one receive. */
export interface Received {
  /** Bytes; 0 is the end of the stream. */
  readonly count: number;
  /** Owned by the caller from now on; closed on exec. */
  readonly descriptors: readonly number[];
}

/**
 * Receives bytes and the descriptors that came with them.
 *
 * @throws {NetError} with the system's code; "limit" where descriptors were lost because this
 * process may not have more: those that did arrive are closed then
 */
export function receiveDescriptors(fd: number, into: Uint8Array<ArrayBuffer>): Received | Again {
  const control = new Uint8Array(Math.ceil((headerBytes + 4 * mostDescriptors) / 8) * 8);
  const message = messageOf(into, control);
  for (;;) {
    const flags = MSG_CMSG_CLOEXEC | MSG_DONTWAIT;
    const count = libc().recvmsg(fd, bytesOf(message.header), flags);
    if (count >= 0) return { count, descriptors: descriptorsIn(message) };
    const number = errno();
    if (number === EAGAIN) return "again";
    if (number !== EINTR) throw errnoError("receive", number);
  }
}

function descriptorsIn({ header, control }: Message): readonly number[] {
  const view = new DataView(control.buffer);
  const end = Number(header.getBigUint64(40, true));
  const found: number[] = [];
  for (let at = 0; at + headerBytes <= end;) {
    const length = Number(view.getBigUint64(at, true));
    if (length < headerBytes) break;
    const isRights = view.getInt32(at + 8, true) === SOL_SOCKET &&
      view.getInt32(at + 12, true) === SCM_RIGHTS;
    for (let one = at + headerBytes; isRights && one + 4 <= Math.min(at + length, end); one += 4) {
      found.push(view.getInt32(one, true));
    }
    at += Math.ceil(length / 8) * 8;
  }
  if ((header.getInt32(48, true) & MSG_CTRUNC) === 0) return found;
  for (const fd of found) libc().close(fd);
  const message = "descriptors were lost on the way: the limit of this process is reached";
  throw new NetError({ kind: "limit", op: "receive", message });
}

function bytesOf(view: DataView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view.buffer);
}
