/**
 * Descriptors from one process to another over a Unix socket: SCM_RIGHTS, unix(7), cmsg(3).
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
import { controlSpace, Message } from "./message.ts";
import { NetError } from "../core/error.ts";
import type { Again } from "./socket.ts";

/** The kernel takes no more in one message (SCM_MAX_FD, unix(7)). */
export const mostDescriptors = 253;

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
  const control = descriptors.length === 0 ? 0 : controlSpace(4 * descriptors.length);
  const message = new Message({ control });
  message.prepare(data);
  if (control > 0) message.putControl(SOL_SOCKET, SCM_RIGHTS, descriptors);
  for (;;) {
    const sent = libc().sendmsg(fd, message.header, MSG_NOSIGNAL | MSG_DONTWAIT);
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
  const message = new Message({ control: controlSpace(4 * mostDescriptors) });
  for (;;) {
    message.prepare(into);
    const flags = MSG_CMSG_CLOEXEC | MSG_DONTWAIT;
    const count = libc().recvmsg(fd, message.header, flags);
    if (count >= 0) return { count, descriptors: descriptorsIn(message) };
    const number = errno();
    if (number === EAGAIN) return "again";
    if (number !== EINTR) throw errnoError("receive", number);
  }
}

function descriptorsIn(message: Message): readonly number[] {
  const found: number[] = [];
  const data = message.control(SOL_SOCKET, SCM_RIGHTS);
  for (let at = 0; data !== null && at + 4 <= data.byteLength; at += 4) {
    found.push(data.getInt32(at, true));
  }
  if ((message.flags & MSG_CTRUNC) === 0) return found;
  for (const fd of found) libc().close(fd);
  const lost = "descriptors were lost on the way: the limit of this process is reached";
  throw new NetError({ kind: "limit", op: "receive", message: lost });
}
