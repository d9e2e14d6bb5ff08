/**
 * One datagram of a Unix socket, with its sender's name and credentials: SO_PASSCRED and
 * SCM_CREDENTIALS, unix(7).
 * @module
 */

import type { Credentials } from "../core/contract.ts";
import {
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_TRUNC,
  SCM_CREDENTIALS,
  SO_PASSCRED,
  SOL_SOCKET,
} from "./constants.ts";
import { EAGAIN, EINTR, errnoError } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { controlSpace, Message } from "./message.ts";
import { setOption } from "./option.ts";
import type { Again } from "./socket.ts";

/** sizeof(struct ucred): pid, uid, gid; bytes. */
const credentialBytes = 12;

/**
 * Has the kernel attach to each datagram, from now on, who sent it.
 *
 * @throws {NetError} with the system's code; kind "unavailable" without FFI permission
 */
export function wantCredentials(fd: number): void {
  setOption(fd, SOL_SOCKET, SO_PASSCRED, 1);
}

/** Where the sender of a datagram is written; made once, used for any number of calls. */
export class UnixSender {
  /**
   * Room for credentials and for nothing else: descriptors that a peer sends along do not fit, and
   * the kernel closes them. Otherwise anyone who may send could fill this process's table.
   */
  readonly message = new Message({ name: 128, control: controlSpace(credentialBytes) });

  /** The raw sockaddr, valid until the next call; empty for a sender without a name. */
  get name(): Uint8Array {
    return this.message.name.subarray(0, this.message.nameLength);
  }

  /**
   * Who sent it by the kernel's word, at that moment: a sender can only tell its own (privileges
   * aside). Null where it was sent before `wantCredentials`, or by a process of another pid
   * namespace, which has no number in this one.
   */
  get credentials(): Credentials | null {
    const data = this.message.control(SOL_SOCKET, SCM_CREDENTIALS);
    if (data === null || data.byteLength < credentialBytes) return null;
    const pid = data.getInt32(0, true);
    if (pid === 0) return null;
    return { pid, uid: data.getUint32(4, true), gid: data.getUint32(8, true) };
  }
}

/**
 * Receives a datagram, if one is there.
 *
 * @returns its whole length: more than `into` holds where it was cut; "again" where there is none
 * @throws {NetError} with the system's code
 */
export function receiveFromUnix(
  fd: number,
  into: Uint8Array<ArrayBuffer>,
  { message }: UnixSender,
): number | Again {
  const calls = libc();
  const flags = MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC;
  for (;;) {
    message.prepare(into);
    const count = calls.recvmsg(fd, message.header, flags);
    if (count >= 0) return count;
    const number = errno();
    if (number === EAGAIN) return "again";
    if (number !== EINTR) throw errnoError("receive", number);
  }
}
